using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>
/// A compiled BPF object: opened, configured, loaded into the kernel. Its programs and maps go with it, unless they are
/// linked or pinned.
/// </summary>
internal sealed unsafe class BpfObject : SafeHandle
{
    public BpfObject()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an ELF image, without a system call to the BPF subsystem yet.</summary>
    internal static BpfObject Open(ReadOnlySpan<byte> image)
    {
        using BpfLog log = new();
        BpfObject bpf = new();
        fixed (byte* start = image)
        {
            bpf.SetHandle(LibBpf.bpf_object__open_mem(start, (nuint)image.Length, 0));
        }
        return bpf.IsInvalid
            ? throw new BpfException(KernelOperation.OpenObject, Marshal.GetLastPInvokeError(), log.Text)
            : bpf;
    }

    /// <summary>Opens an image embedded in an assembly: of those by that name, the one for this machine.</summary>
    internal static BpfObject OpenResource(System.Reflection.Assembly assembly, string name)
    {
        using UnmanagedMemoryStream stream = (UnmanagedMemoryStream)assembly.GetManifestResourceStream($"{Machine.Current.Name}/{name}")!;
        return Open(new ReadOnlySpan<byte>(stream.PositionPointer, (int)stream.Length));
    }

    /// <summary>The read-only data of the programs; to be set before Load.</summary>
    internal ref T ReadOnlyData<T>()
        where T : unmanaged
    {
        byte* data = LibBpf.bpf_map__initial_value(FindMap(".rodata"), out nuint size);
        if (data == null || size < (nuint)sizeof(T))
        {
            throw new InvalidOperationException($".rodata holds {size} bytes, not {sizeof(T)}.");
        }
        return ref *(T*)data;
    }

    internal void SetMaxEntries(string map, uint entries) =>
        Check(LibBpf.bpf_map__set_max_entries(FindMap(map), entries), map);

    /// <summary>Has the programs use a map that there is already.</summary>
    internal void Reuse(string map, BpfHandle existing) =>
        Check(LibBpf.bpf_map__reuse_fd(FindMap(map), existing), map);

    /// <summary>Leaves a program out.</summary>
    internal void LeaveOut(string program) =>
        Check(LibBpf.bpf_program__set_autoload(FindProgram(program), false), program);

    /// <summary>Creates the maps and has the verifier check the programs.</summary>
    internal void Load()
    {
        using BpfLog log = new();
        int result = LibBpf.bpf_object__load(this);
        if (result < 0)
        {
            throw new BpfException(KernelOperation.LoadPrograms, -result, log.Text);
        }
    }

    /// <summary>A map's descriptor; closed with this object.</summary>
    internal BpfHandle Map(string name) => new(LibBpf.bpf_map__fd(FindMap(name)), owns: false);

    /// <summary>A program's descriptor; closed with this object.</summary>
    internal BpfHandle Program(string name) => new(LibBpf.bpf_program__fd(FindProgram(name)), owns: false);

    protected override bool ReleaseHandle()
    {
        LibBpf.bpf_object__close(handle);
        return true;
    }

    private nint FindMap(string name)
    {
        nint map = LibBpf.bpf_object__find_map_by_name(this, name);
        return map != 0 ? map : throw new ArgumentException($"The BPF object has no map {name}.", nameof(name));
    }

    private nint FindProgram(string name)
    {
        nint program = LibBpf.bpf_object__find_program_by_name(this, name);
        return program != 0 ? program : throw new ArgumentException($"The BPF object has no program {name}.", nameof(name));
    }

    private static void Check(int result, string part)
    {
        if (result < 0)
        {
            throw new BpfException(KernelOperation.Configure(part), -result);
        }
    }
}
