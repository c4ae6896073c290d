using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>A BPF_F_MMAPABLE map's memory, read-only in this process.</summary>
internal sealed unsafe class BpfMemory : SafeHandle
{
    private readonly nuint _length;

    /// <param name="map">The map.</param>
    /// <param name="length">All its entries, in bytes.</param>
    internal BpfMemory(BpfHandle map, long length)
        : base(-1, ownsHandle: true)
    {
        _length = (nuint)length;
        SetHandle(Libc.mmap(0, _length, Libc.ProtRead, Libc.MapShared, map, 0));
        if (IsInvalid)
        {
            throw new BpfException($"map the flow table's {length} bytes into memory", Marshal.GetLastPInvokeError());
        }
    }

    public override bool IsInvalid => handle == -1;

    internal byte* Start => (byte*)handle;

    protected override bool ReleaseHandle() => Libc.munmap(handle, _length) == 0;
}
