using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// The clsact qdisc's filters, on kernels without TCX. Nothing in the kernel ties a filter to a process: one whose
/// process was killed stays, until the next that starts, stops or looks finds it here. The program's read-only data
/// says whose it was.
/// </summary>
internal static unsafe class ClsactHook
{
    // linux/rtnetlink.h, linux/pkt_sched.h, linux/pkt_cls.h
    private const ushort GetFilter = 46; // RTM_GETTFILTER
    private const uint IngressParent = 0xfffffff2; // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
    private const uint EgressParent = 0xfffffff3; // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
    private const ushort AttributeOptions = 2; // TCA_OPTIONS
    private const ushort AttributeProgramId = 11; // TCA_BPF_ID, in TCA_OPTIONS
    private const int MaxPriority = 0xffff;

    /// <summary>A filter as the kernel lists it.</summary>
    /// <param name="Priority">Its place: the lowest goes first.</param>
    /// <param name="Handle">Tells it from others of the same priority; 0 for the heading of a priority.</param>
    /// <param name="ProgramId">The program; 0 if it is of another kind.</param>
    internal readonly record struct Filter(uint Priority, uint Handle, uint ProgramId);

    /// <summary>Puts the program ahead of the others, as far as their priorities leave room.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    internal static ClsactAttachment Attach(BpfHandle program, NetInterface target, FlowDirection direction, Action<string> report)
    {
        RemoveOrphans(target.Index, isPinned: _ => true);
        using BpfLog log = new();
        LibBpf.TcHook hook = Hook(target.Index, LibBpf.TcIngress | LibBpf.TcEgress);
        int result = LibBpf.bpf_tc_hook_create(&hook);
        bool madeQdisc = result == 0;
        if (result is not (0 or -Errnos.EEXIST))
        {
            throw new BpfException($"add the clsact qdisc to {target.Name}", -result, log.Text, target.Name);
        }
        IReadOnlyList<Filter> others = List(target.Index, direction);
        LibBpf.TcOptions options = new()
        {
            Size = (nuint)sizeof(LibBpf.TcOptions),
            ProgramFd = (int)program.DangerousGetHandle(),
            Priority = (uint)Enumerable.Range(1, MaxPriority).First(priority => !others.Any(other => other.Priority == priority)),
        };
        hook = Hook(target.Index, PointOf(direction));
        result = LibBpf.bpf_tc_attach(&hook, &options);
        if (result < 0)
        {
            RemoveQdisc(target.Index, madeQdisc);
            throw new BpfException($"attach {HookPlan.Describe(MonitorHook.Clsact)} to {target.Name}", -result, log.Text, target.Name);
        }
        if (options.Priority > 1)
        {
            report($"{target.Name}: filters of lower priority than {options.Priority} run first; what they drop or accept is not counted.");
        }
        return new ClsactAttachment(program, target.Index, direction, madeQdisc, endsWithProcess: true);
    }

    /// <summary>The filters of an interface, of all kinds, first one first.</summary>
    internal static IReadOnlyList<Filter> List(int interfaceIndex, FlowDirection direction)
    {
        Span<byte> request = stackalloc byte[sizeof(TcMessage)];
        TcMessage message = new() { InterfaceIndex = interfaceIndex, Parent = direction == FlowDirection.Ingress ? IngressParent : EgressParent };
        MemoryMarshal.Write(request, in message);
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        return [.. socket.Dump(GetFilter, request).Select(answer => Read(answer))];
    }

    /// <summary>Takes a program's filter off, if it is there.</summary>
    internal static void Remove(int interfaceIndex, FlowDirection direction, uint programId, bool madeQdisc)
    {
        foreach (Filter filter in List(interfaceIndex, direction).Where(filter => filter.ProgramId == programId && filter.Handle != 0))
        {
            using BpfLog log = new();
            LibBpf.TcHook hook = Hook(interfaceIndex, PointOf(direction));
            LibBpf.TcOptions options = new() { Size = (nuint)sizeof(LibBpf.TcOptions), Handle = filter.Handle, Priority = filter.Priority };
            int result = LibBpf.bpf_tc_detach(&hook, &options);
            if (result is not (0 or -Errnos.ENOENT or -Errnos.ENODEV))
            {
                throw new BpfException("detach a clsact filter", -result, log.Text);
            }
        }
        RemoveQdisc(interfaceIndex, madeQdisc);
    }

    /// <summary>Removes filters of ours whose process has ended, from all interfaces of this namespace.</summary>
    /// <param name="isPinned">Whether a program that is to outlive processes has its pin.</param>
    internal static void RemoveOrphans(Func<uint, bool> isPinned)
    {
        if (TcxHook.IsSupported)
        {
            return;
        }
        foreach (NetInterface target in NetInterfaces.List())
        {
            RemoveOrphans(target.Index, isPinned);
        }
    }

    /// <summary>Removes filters of ours whose process has ended, from one interface.</summary>
    internal static void RemoveOrphans(int interfaceIndex, Func<uint, bool> isPinned)
    {
        foreach (FlowDirection direction in (FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress])
        {
            foreach (Filter filter in List(interfaceIndex, direction).Where(filter => filter.ProgramId != 0 && IsOrphan(filter.ProgramId, isPinned)))
            {
                Remove(interfaceIndex, direction, filter.ProgramId, madeQdisc: false);
            }
        }
    }

    private static bool IsOrphan(uint programId, Func<uint, bool> isPinned)
    {
        if (BpfProgram.NameOf(programId) != FlowProgram.TcName || !BpfProgram.TryReadOnlyData(programId, out ProgramConfig config))
        {
            return false;
        }
        return config.Owner == 0
            ? !isPinned(programId)
            : new ProcessIdentity((int)config.Owner, config.OwnerStarted, config.OwnerNamespace).HasEnded;
    }

    /// <summary>A qdisc that others use by now stays.</summary>
    private static void RemoveQdisc(int interfaceIndex, bool madeQdisc)
    {
        if (madeQdisc && List(interfaceIndex, FlowDirection.Ingress).Count == 0 && List(interfaceIndex, FlowDirection.Egress).Count == 0)
        {
            using BpfLog log = new();
            LibBpf.TcHook hook = Hook(interfaceIndex, LibBpf.TcIngress | LibBpf.TcEgress);
            _ = LibBpf.bpf_tc_hook_destroy(&hook);
        }
    }

    private static Filter Read(ReadOnlySpan<byte> answer)
    {
        TcMessage message = MemoryMarshal.Read<TcMessage>(answer);
        ReadOnlySpan<byte> options = NetlinkAttributes.Find(answer[sizeof(TcMessage)..], AttributeOptions);
        return new Filter(message.Info >> 16, message.Handle, (uint)NetlinkAttributes.Number(options, AttributeProgramId));
    }

    private static uint PointOf(FlowDirection direction) => direction == FlowDirection.Ingress ? LibBpf.TcIngress : LibBpf.TcEgress;

    private static LibBpf.TcHook Hook(int interfaceIndex, uint point) =>
        new() { Size = (nuint)sizeof(LibBpf.TcHook), InterfaceIndex = interfaceIndex, AttachPoint = point };

    /// <summary>struct tcmsg, linux/rtnetlink.h. Info holds the priority and the protocol.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TcMessage
    {
        internal byte Family;
        internal byte Padding1;
        internal ushort Padding2;
        internal int InterfaceIndex;
        internal uint Handle;
        internal uint Parent;
        internal uint Info;
    }
}
