using XTrace.Bpf;
using XTrace.Net;
using XTrace.Messages;

namespace XTrace.Monitors;

/// <summary>
/// TCX, since kernel 6.6: a row of programs for each direction of an interface, kept there by links. Ours goes first, so
/// that it sees what those behind it drop, redirect, or accept without asking the next.
/// </summary>
internal static unsafe class TcxHook
{
    private const int MaxPrograms = 64; // BPF_MPROG_MAX, linux/bpf_mprog.h
    private const int Loopback = 1; // of every network namespace

    private static readonly Lazy<bool> s_isSupported = new(() => Query(Loopback, FlowDirection.Ingress, null, out _) != -Errnos.EINVAL);

    /// <summary>Whether this kernel has TCX.</summary>
    internal static bool IsSupported => s_isSupported.Value;

    /// <exception cref="BpfException">The kernel refused.</exception>
    internal static LinkAttachment Attach(BpfHandle program, NetInterface target, FlowDirection direction)
    {
        KernelOperation operation = KernelOperation.Attach(HookPlan.Describe(MonitorHook.Tcx), target.Name);
        BpfHandle link = BpfLink.Create(
            program, target.Index, TypeOf(direction), LibBpf.LinkFlagBefore, operation, target.Name);
        return new LinkAttachment(link, MonitorHook.Tcx, direction);
    }

    /// <summary>Whether the program is among those that the interface runs.</summary>
    internal static bool Runs(int interfaceIndex, FlowDirection direction, uint programId)
    {
        uint* programs = stackalloc uint[MaxPrograms];
        int result = Query(interfaceIndex, direction, programs, out uint count);
        return result switch
        {
            0 => new ReadOnlySpan<uint>(programs, (int)count).Contains(programId),
            -Errnos.ENOENT or -Errnos.ENODEV => false,
            _ => throw new BpfException(KernelOperation.ListPrograms("TCX", interfaceIndex), -result),
        };
    }

    /// <summary>How many programs of others run before one of the interface's. XTrace's own let every frame pass.</summary>
    internal static int CountBefore(int interfaceIndex, FlowDirection direction, uint programId)
    {
        uint* programs = stackalloc uint[MaxPrograms];
        if (Query(interfaceIndex, direction, programs, out uint count) != 0)
        {
            return 0;
        }
        int before = 0;
        for (int i = 0; i < count && programs[i] != programId; i++)
        {
            before += BpfProgram.NameOf(programs[i])?.StartsWith(FlowProgram.TcPrefix, StringComparison.Ordinal) == true ? 0 : 1;
        }
        return before;
    }

    /// <summary>How many programs the interface runs in this direction; 0 on kernels without TCX.</summary>
    internal static int CountPrograms(int interfaceIndex, FlowDirection direction)
    {
        uint* programs = stackalloc uint[MaxPrograms];
        return IsSupported && Query(interfaceIndex, direction, programs, out uint count) == 0 ? (int)count : 0;
    }

    private static int Query(int interfaceIndex, FlowDirection direction, uint* programs, out uint count)
    {
        count = programs == null ? 0u : MaxPrograms;
        return LibBpf.bpf_prog_query(interfaceIndex, TypeOf(direction), 0, null, programs, ref count);
    }

    private static uint TypeOf(FlowDirection direction) =>
        direction == FlowDirection.Ingress ? LibBpf.AttachTypeTcxIngress : LibBpf.AttachTypeTcxEgress;
}
