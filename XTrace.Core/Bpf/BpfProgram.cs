using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>Questions about programs that are not in an object of ours, and runs of programs without traffic.</summary>
internal static unsafe class BpfProgram
{
    private static readonly Lazy<bool> s_takesFrags = new(ProbeFrags);

    /// <summary>Whether this kernel has XDP programs for frames of several buffers (5.18 and later), found by loading one.</summary>
    internal static bool CanTakeFrags => s_takesFrags.Value;

    /// <summary>A program's name, or its id where it has none or may not be asked.</summary>
    internal static string NameOf(uint id)
    {
        int fd = LibBpf.bpf_prog_get_fd_by_id(id);
        if (fd < 0)
        {
            return $"id {id}";
        }
        using BpfHandle program = new(fd);
        LibBpf.ProgramInfo info = default;
        uint length = (uint)sizeof(LibBpf.ProgramInfo);
        string? name = LibBpf.bpf_obj_get_info_by_fd(program, &info, ref length) == 0
            ? Marshal.PtrToStringUTF8((nint)info.Name)
            : null;
        return string.IsNullOrEmpty(name) ? $"id {id}" : $"'{name}' (id {id})";
    }

    /// <summary>Runs a program over a packet through BPF_PROG_TEST_RUN.</summary>
    /// <param name="program">The program.</param>
    /// <param name="packet">The packet; holds afterwards what the program left of it.</param>
    /// <param name="repeat">How often. Later runs see the packet as the one before left it.</param>
    /// <returns>The last run's return value, and the mean time of a run in nanoseconds.</returns>
    internal static (uint ReturnValue, uint Nanoseconds) TestRun(BpfHandle program, Span<byte> packet, int repeat = 1)
    {
        fixed (byte* data = packet)
        {
            LibBpf.TestRunOptions options = new()
            {
                Size = (nuint)sizeof(LibBpf.TestRunOptions),
                DataIn = data,
                DataOut = data,
                DataSizeIn = (uint)packet.Length,
                DataSizeOut = (uint)packet.Length,
                Repeat = repeat,
            };
            int result = LibBpf.bpf_prog_test_run_opts(program, &options);
            return result >= 0
                ? (options.ReturnValue, options.Duration)
                : throw new BpfException("run a BPF program on a packet", -result);
        }
    }

    private static bool ProbeFrags()
    {
        // r0 = XDP_PASS; exit
        ulong* instructions = stackalloc ulong[] { 0x0000_0002_0000_00b7, 0x95 };
        LibBpf.ProgramLoadOptions options = new()
        {
            Size = (nuint)sizeof(LibBpf.ProgramLoadOptions),
            Flags = LibBpf.ProgramFlagXdpHasFrags,
        };
        int fd = LibBpf.bpf_prog_load(LibBpf.ProgramTypeXdp, "xtrace_probe", "GPL", instructions, 2, &options);
        if (fd >= 0)
        {
            _ = Libc.close(fd);
        }
        return fd >= 0;
    }
}
