using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// The filters of the clsact qdisc, on kernels without TCX. Nothing in the kernel ties a filter to a process. The filter of a
/// killed process stays until the next process starts, stops or lists monitors and finds it here. The read-only data of
/// the program names the process.
/// </summary>
internal static unsafe class ClsactHook
{
    // linux/rtnetlink.h, linux/pkt_sched.h, linux/pkt_cls.h
    private const ushort GetFilter = 46; // RTM_GETTFILTER
    private const uint IngressParent = 0xfffffff2; // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
    private const uint EgressParent = 0xfffffff3; // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
    private const ushort GetQdisc = 38; // RTM_GETQDISC
    private const uint ClsactHandle = 0xffff0000; // of clsact as of the older ingress qdisc
    private const ushort AttributeKind = 1; // TCA_KIND
    private const ushort AttributeOptions = 2; // TCA_OPTIONS
    private const ushort AttributeName = 7; // TCA_BPF_NAME, in TCA_OPTIONS
    private const ushort AttributeProgramId = 11; // TCA_BPF_ID, in TCA_OPTIONS
    private const int MaxPriority = 0xffff;

    // The handles of our filters. The second says that the qdisc came with a filter of ours, and may go with the last.
    private const uint QdiscWasThere = 1;
    private const uint QdiscIsOurs = 2;

    /// <summary>A filter as the kernel lists it.</summary>
    /// <param name="Priority">Its place: the lowest goes first.</param>
    /// <param name="Handle">Tells it from others of the same priority; 0 for the heading of a priority.</param>
    /// <param name="ProgramId">The program; 0 if it is of another kind.</param>
    /// <param name="IsOurs">Whether the program's name is ours.</param>
    internal readonly record struct Filter(uint Priority, uint Handle, uint ProgramId, bool IsOurs);

    /// <summary>Puts the program ahead of the others, as far as their priorities leave room.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    internal static ClsactAttachment Attach(BpfHandle program, NetInterface target, FlowDirection direction, Action<Notice> report)
    {
        using BpfLog log = new();
        LibBpf.TcHook hook = Hook(target.Index, LibBpf.TcIngress | LibBpf.TcEgress);
        int result = LibBpf.bpf_tc_hook_create(&hook);
        if (result == -Errnos.EEXIST)
        {
            // With the last of them the qdisc may go.
            RemoveOrphans(target.Index, isPinned: (_, _) => true);
            result = LibBpf.bpf_tc_hook_create(&hook);
        }
        if (result is not (0 or -Errnos.EEXIST))
        {
            throw new BpfException(KernelOperation.AddQdisc(target.Name), -result, log.Text, target.Name);
        }
        bool isNew = result == 0;
        bool qdiscIsOurs = isNew || ListBoth(target.Index).Any(other => other.IsOurs && other.Handle == QdiscIsOurs);
        if (direction == FlowDirection.Egress && !qdiscIsOurs)
        {
            ThrowIfIngressOnly(target);
        }
        IReadOnlyList<Filter> others = isNew ? [] : List(target.Index, direction);
        uint priority = (uint)Enumerable.Range(1, MaxPriority).First(free => !others.Any(other => other.Priority == free));
        LibBpf.TcOptions options = new()
        {
            Size = (nuint)sizeof(LibBpf.TcOptions),
            ProgramFd = (int)program.DangerousGetHandle(),
            Handle = qdiscIsOurs ? QdiscIsOurs : QdiscWasThere,
            Priority = priority,
        };
        hook = Hook(target.Index, PointOf(direction));
        result = LibBpf.bpf_tc_attach(&hook, &options);
        if (result < 0)
        {
            RemoveQdisc(target.Index, qdiscIsOurs);
            throw new BpfException(
                KernelOperation.Attach(HookPlan.Describe(MonitorHook.Clsact), target.Name), -result, log.Text, target.Name);
        }
        if (others.Any(other => !other.IsOurs && other.Priority < priority))
        {
            report(new Notice(NoticeLevel.Detail, FlowMessages.FiltersFirst, target.Name, target.Name, priority));
        }
        return new ClsactAttachment(program, target.Index, direction, endsWithProcess: true);
    }

    /// <summary>The filters of an interface, of all kinds, first one first.</summary>
    internal static IReadOnlyList<Filter> List(int interfaceIndex, FlowDirection direction)
    {
        uint parent = direction == FlowDirection.Ingress ? IngressParent : EgressParent;
        TcMessage request = new() { InterfaceIndex = interfaceIndex, Parent = parent };
        return [.. Dump(GetFilter, request).Select(answer => Read(answer))];
    }

    /// <summary>Removes the filter of a program, if it is there. The qdisc goes with our last filter, if it came with the first.</summary>
    internal static void Remove(int interfaceIndex, FlowDirection direction, uint programId)
    {
        bool qdiscIsOurs = false;
        foreach (Filter filter in List(interfaceIndex, direction).Where(filter => filter.ProgramId == programId && filter.Handle != 0))
        {
            using BpfLog log = new();
            LibBpf.TcHook hook = Hook(interfaceIndex, PointOf(direction));
            LibBpf.TcOptions options = new() { Size = (nuint)sizeof(LibBpf.TcOptions), Handle = filter.Handle, Priority = filter.Priority };
            int result = LibBpf.bpf_tc_detach(&hook, &options);
            if (result < 0 && List(interfaceIndex, direction).Contains(filter))
            {
                throw new BpfException(KernelOperation.DetachFilter, -result, log.Text);
            }
            qdiscIsOurs |= filter.Handle == QdiscIsOurs;
        }
        RemoveQdisc(interfaceIndex, qdiscIsOurs);
    }

    /// <summary>Removes filters of ours whose process has ended, from all interfaces of this namespace.</summary>
    /// <param name="isPinned">Whether a direction of an interface has a pin, so that its program outlives processes.</param>
    internal static void RemoveOrphans(Func<int, FlowDirection, bool> isPinned)
    {
        foreach (int interfaceIndex in ListInterfaces())
        {
            RemoveOrphans(interfaceIndex, isPinned);
        }
    }

    /// <summary>The interfaces that have a clsact or ingress qdisc, and so may have filters.</summary>
    private static HashSet<int> ListInterfaces()
    {
        HashSet<int> interfaces = [];
        foreach (byte[] answer in Dump(GetQdisc, default))
        {
            TcMessage message = MemoryMarshal.Read<TcMessage>(answer);
            if (message.Handle == ClsactHandle)
            {
                interfaces.Add(message.InterfaceIndex);
            }
        }
        return interfaces;
    }

    /// <summary>Removes filters of ours whose process has ended, from one interface.</summary>
    private static void RemoveOrphans(int interfaceIndex, Func<int, FlowDirection, bool> isPinned)
    {
        foreach (FlowDirection direction in (FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress])
        {
            IEnumerable<Filter> orphans = List(interfaceIndex, direction).Where(filter =>
                filter.IsOurs && filter.ProgramId != 0 && IsOrphan(filter.ProgramId, () => isPinned(interfaceIndex, direction)));
            foreach (Filter orphan in orphans)
            {
                Remove(interfaceIndex, direction, orphan.ProgramId);
            }
        }
    }

    /// <summary>The kernel reveals the owner of a program only to processes with CAP_SYS_ADMIN. Others remove nothing.</summary>
    private static bool IsOrphan(uint programId, Func<bool> isPinned)
    {
        if (!BpfProgram.TryReadOnlyData(programId, out ProgramConfig config))
        {
            return false;
        }
        return config.Owner == 0
            ? !isPinned()
            : new ProcessIdentity((int)config.Owner, config.OwnerStarted, config.OwnerNamespace).HasEnded;
    }

    /// <summary>An ingress qdisc, in clsact's place, takes filters for egress and runs them on what arrives.</summary>
    private static void ThrowIfIngressOnly(NetInterface target)
    {
        if (Dump(GetQdisc, new TcMessage { InterfaceIndex = target.Index }).Any(answer => IsIngressQdisc(answer, target.Index)))
        {
            throw new XTraceException(FlowMessages.IngressQdisc, target.Name, target.Name);
        }
    }

    private static bool IsIngressQdisc(ReadOnlySpan<byte> answer, int interfaceIndex)
    {
        TcMessage message = MemoryMarshal.Read<TcMessage>(answer);
        return message.InterfaceIndex == interfaceIndex && message.Handle == ClsactHandle
            && NetlinkAttributes.Text(answer[sizeof(TcMessage)..], AttributeKind) == "ingress";
    }

    /// <summary>
    /// Removes the qdisc unless somebody else uses it by now. Somebody who adds a filter at this very moment can lose it.
    /// </summary>
    private static void RemoveQdisc(int interfaceIndex, bool isOurs)
    {
        if (isOurs && !ListBoth(interfaceIndex).Any())
        {
            using BpfLog log = new();
            LibBpf.TcHook hook = Hook(interfaceIndex, LibBpf.TcIngress | LibBpf.TcEgress);
            _ = LibBpf.bpf_tc_hook_destroy(&hook);
        }
    }

    private static Filter Read(ReadOnlySpan<byte> answer)
    {
        TcMessage message = MemoryMarshal.Read<TcMessage>(answer);
        ReadOnlySpan<byte> attributes = answer[sizeof(TcMessage)..];
        // The same numbers mean other things in filters of other kinds.
        ReadOnlySpan<byte> options = NetlinkAttributes.Text(attributes, AttributeKind) == "bpf"
            ? NetlinkAttributes.Find(attributes, AttributeOptions)
            : default;
        bool isOurs = NetlinkAttributes.Text(options, AttributeName)?.StartsWith(FlowProgram.TcPrefix, StringComparison.Ordinal) == true;
        return new Filter(message.Info >> 16, message.Handle, (uint)NetlinkAttributes.Number(options, AttributeProgramId), isOurs);
    }

    private static IEnumerable<Filter> ListBoth(int interfaceIndex) =>
        List(interfaceIndex, FlowDirection.Ingress).Concat(List(interfaceIndex, FlowDirection.Egress));

    private static IReadOnlyList<byte[]> Dump(ushort type, TcMessage request)
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        return socket.Dump(type, MemoryMarshal.AsBytes(new ReadOnlySpan<TcMessage>(in request)));
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
