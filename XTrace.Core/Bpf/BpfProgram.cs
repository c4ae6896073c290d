using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>Questions about programs that are not in an object of ours, and runs of programs without traffic.</summary>
internal static unsafe class BpfProgram
{
    /// <summary>A program's name and id, or only its id where it has no name or may not be asked.</summary>
    internal static string Describe(uint id) => NameOf(id) is { Length: > 0 } name ? $"'{name}' (id {id})" : $"id {id}";

    /// <summary>A program's name; empty where it has none, null where it is gone or may not be asked.</summary>
    internal static string? NameOf(uint id)
    {
        int fd = LibBpf.bpf_prog_get_fd_by_id(id);
        if (fd < 0)
        {
            return null;
        }
        using BpfHandle program = new(fd);
        LibBpf.ProgramInfo info = default;
        return Ask(program, &info) == 0 ? Marshal.PtrToStringUTF8((nint)info.Name) : null;
    }

    /// <summary>The id of a program.</summary>
    /// <exception cref="BpfException">The kernel does not tell.</exception>
    internal static uint IdOf(BpfHandle program)
    {
        LibBpf.ProgramInfo info = default;
        int result = Ask(program, &info);
        return result == 0 ? info.Id : throw new BpfException(KernelOperation.QueryProgram, -result);
    }

    /// <summary>The read-only data of a program that another process may have loaded.</summary>
    /// <returns>False where the program has none of this size, or is gone.</returns>
    internal static bool TryReadOnlyData<T>(uint id, out T data)
        where T : unmanaged
    {
        const int MaxMaps = 64; // MAX_USED_MAPS, linux/bpf_verifier.h
        data = default;
        int fd = LibBpf.bpf_prog_get_fd_by_id(id);
        if (fd < 0)
        {
            return false;
        }
        using BpfHandle program = new(fd);
        uint* maps = stackalloc uint[MaxMaps];
        LibBpf.ProgramInfo info = new() { MapCount = MaxMaps, MapIds = (ulong)maps };
        if (Ask(program, &info) != 0)
        {
            return false;
        }
        for (int i = 0; i < info.MapCount; i++)
        {
            fd = LibBpf.bpf_map_get_fd_by_id(maps[i]);
            if (fd >= 0)
            {
                using BpfHandle map = new(fd);
                if (TryReadOnlyData(map, out data))
                {
                    return true;
                }
            }
        }
        return false;
    }

    private static bool TryReadOnlyData<T>(BpfHandle map, out T data)
        where T : unmanaged
    {
        LibBpf.MapInfo info = default;
        uint length = (uint)sizeof(LibBpf.MapInfo);
        data = default;
        return LibBpf.bpf_obj_get_info_by_fd(map, &info, ref length) == 0
            && Marshal.PtrToStringUTF8((nint)info.Name)!.EndsWith(".rodata", StringComparison.Ordinal)
            && BpfMap.TryRead(map, out data);
    }

    private static int Ask(BpfHandle program, LibBpf.ProgramInfo* info)
    {
        uint length = (uint)sizeof(LibBpf.ProgramInfo);
        return LibBpf.bpf_obj_get_info_by_fd(program, info, ref length);
    }

    /// <summary>Runs a program over a packet through BPF_PROG_TEST_RUN.</summary>
    /// <param name="program">The program.</param>
    /// <param name="packet">The packet; holds afterwards what the program left of it.</param>
    /// <param name="repeat">How often. Later runs see the packet as the one before left it.</param>
    /// <param name="context">The context of the packet: struct __sk_buff for TC programs. Empty: none.</param>
    /// <returns>The last run's return value, and the mean time of a run in nanoseconds.</returns>
    internal static (uint ReturnValue, uint Nanoseconds) TestRun(
        BpfHandle program, Span<byte> packet, int repeat = 1, ReadOnlySpan<byte> context = default)
    {
        fixed (byte* data = packet, contextIn = context)
        {
            LibBpf.TestRunOptions options = new()
            {
                Size = (nuint)sizeof(LibBpf.TestRunOptions),
                DataIn = data,
                DataOut = data,
                DataSizeIn = (uint)packet.Length,
                DataSizeOut = (uint)packet.Length,
                ContextIn = contextIn,
                ContextSizeIn = (uint)context.Length,
                Repeat = repeat,
            };
            int result = LibBpf.bpf_prog_test_run_opts(program, &options);
            return result >= 0
                ? (options.ReturnValue, options.Duration)
                : throw new BpfException(KernelOperation.RunProgram, -result);
        }
    }
}
