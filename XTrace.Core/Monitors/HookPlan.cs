using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>Gives the program for a hook.</summary>
/// <param name="hook">The hook.</param>
/// <param name="takesFragments">Whether it is to take frames in several buffers.</param>
internal delegate BpfHandle ProgramSource(MonitorHook hook, bool takesFragments = false);

/// <summary>The hooks that suit an interface, best first, and what its frames look like there.</summary>
/// <param name="Hooks">At least one.</param>
/// <param name="Link">The first header of frames: FlowAbi.Link*.</param>
internal sealed record HookPlan(IReadOnlyList<MonitorHook> Hooks, uint Link)
{
    private static readonly MonitorHook[] s_tc = [MonitorHook.Tcx, MonitorHook.Clsact];

    /// <summary>
    /// Native XDP is the cheapest on a device that is not virtual, unless its driver forgets programs. On a virtual interface it would
    /// slow down the traffic: a veth, for example, then no longer passes on packets that are not segmented yet. Generic XDP is the last
    /// resort.
    /// </summary>
    /// <exception cref="XTraceException">The interface, the mode and the direction do not go together; the message says why.</exception>
    internal static HookPlan For(NetInterface target, FlowDirection direction, AttachMode mode)
    {
        uint link = LinkOf(target);
        bool wantsXdp = mode is AttachMode.Native or AttachMode.Generic;
        if (wantsXdp && direction == FlowDirection.Egress)
        {
            throw new XTraceException(FlowMessages.EgressNeedsTc, target.Name, target.Name);
        }
        if (wantsXdp && link != FlowAbi.LinkEthernet)
        {
            throw new XTraceException(FlowMessages.XdpNeedsEthernet, target.Name, target.Name);
        }
        MonitorHook[] hooks = mode switch
        {
            AttachMode.Native => [MonitorHook.XdpNative],
            AttachMode.Generic => [MonitorHook.XdpGeneric],
            AttachMode.Tc => s_tc,
            _ when direction == FlowDirection.Egress || link != FlowAbi.LinkEthernet => s_tc,
            _ when target.IsVirtual || target.ForgetsXdp => [.. s_tc, MonitorHook.XdpGeneric],
            _ => [MonitorHook.XdpNative, .. s_tc, MonitorHook.XdpGeneric],
        };
        return new HookPlan(hooks, link);
    }

    /// <summary>
    /// The plan for many interfaces at once. If no TCX program of others would run first, clsact comes before TCX. Each change of
    /// a TCX hook waits until no CPU runs the old row, for about 10 ms, and 256 interfaces would take 6 s.
    /// </summary>
    internal HookPlan ForMany(NetInterface target, FlowDirection direction) =>
        Hooks.Contains(MonitorHook.Tcx) && TcxHook.CountPrograms(target.Index, direction) == 0
            ? this with
            {
                Hooks = [.. Hooks.Select(hook => hook switch
                {
                    MonitorHook.Tcx => MonitorHook.Clsact,
                    MonitorHook.Clsact => MonitorHook.Tcx,
                    _ => hook,
                })],
            }
            : this;

    /// <summary>Attaches to the first hook that takes the program, and makes sure that it is there.</summary>
    /// <param name="programFor">Gives the program for a hook.</param>
    /// <param name="target">The interface.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="replacement">Makes room on a slot that takes one program only.</param>
    /// <param name="report">Receives the reason if a hook was not taken.</param>
    /// <exception cref="XTraceException">No hook took it; the message says why.</exception>
    internal Attachment Attach(
        ProgramSource programFor, NetInterface target, FlowDirection direction, Replacement? replacement, Action<Notice> report)
    {
        List<XTraceException> refusals = [];
        foreach (MonitorHook hook in Hooks)
        {
            try
            {
                Attachment attachment = Verified(Attach(hook, programFor, target, direction, replacement, report), target);
                if (hook == MonitorHook.XdpNative && target.ForgetsXdp)
                {
                    report(new Notice(NoticeLevel.Warning, FlowMessages.DriverForgetsXdp, target.Name, target.Name, target.Driver));
                }
                return attachment;
            }
            catch (XTraceException refusal) when (refusal.Kind != XTraceErrorKind.PermissionDenied && refusal.ErrorId != "OutOfMemory")
            {
                refusals.Add(refusal);
                report(Refused(target, hook, refusal));
            }
        }
        if (NetInterfaces.NameOf(target.Index) == null)
        {
            throw new XTraceException(FlowMessages.InterfaceGoneAtStart, target.Name, target.Name);
        }
        throw refusals is [var only] ? only : new XTraceException(
            new AggregateException(refusals),
            FlowMessages.NoHook,
            target.Name,
            target.Name,
            string.Join(' ', refusals.Select(refusal => refusal.Message.Split('\n')[0].Trim())));
    }

    /// <summary>A hook as people call it.</summary>
    internal static string Describe(MonitorHook hook) => hook switch
    {
        MonitorHook.XdpNative => "native XDP",
        MonitorHook.XdpGeneric => "generic XDP",
        MonitorHook.Tcx => "TCX",
        MonitorHook.Clsact => Speech.Say("clsact 过滤器", "a clsact filter"),
        _ => Speech.Say("无", "nothing"),
    };

    private static Notice Refused(NetInterface target, MonitorHook hook, XTraceException why) =>
        new(NoticeLevel.Detail, FlowMessages.HookRefused, target.Name, target.Name, Describe(hook), why.Message);

    private static Attachment Attach(
        MonitorHook hook, ProgramSource programFor, NetInterface target, FlowDirection direction,
        Replacement? replacement, Action<Notice> report)
    {
        switch (hook)
        {
            case MonitorHook.Tcx when !TcxHook.IsSupported:
                throw new XTraceException(FlowMessages.NoTcx, target.Name);
            case MonitorHook.Tcx:
                return TcxHook.Attach(programFor(hook), target, direction);
            case MonitorHook.Clsact:
                return AttachFilter(programFor(hook), target, direction, report);
            case MonitorHook.XdpNative:
                return AttachNative(programFor, target, replacement, report);
            default:
                return XdpHook.Attach(programFor(hook), target, hook, replacement);
        }
    }

    /// <summary>
    /// A driver that needs several buffers for a frame, as it may with a large MTU, refuses a program that does not claim to take
    /// them. The program that does costs more for each frame, and needs Linux 5.18.
    /// </summary>
    private static LinkAttachment AttachNative(
        ProgramSource programFor, NetInterface target, Replacement? replacement, Action<Notice> report)
    {
        try
        {
            return XdpHook.Attach(programFor(MonitorHook.XdpNative), target, MonitorHook.XdpNative, replacement);
        }
        catch (XTraceException refusal) when (XdpHook.IsDrivers(refusal))
        {
            LinkAttachment attachment;
            try
            {
                attachment = XdpHook.Attach(programFor(MonitorHook.XdpNative, true), target, MonitorHook.XdpNative, replacement);
            }
            catch (XTraceException other)
            {
                if (other.Message != refusal.Message)
                {
                    report(Refused(target, MonitorHook.XdpNative, other));
                }
                throw refusal;
            }
            report(new Notice(NoticeLevel.Detail, FlowMessages.SeveralBuffers, target.Name, target.Name));
            return attachment;
        }
    }

    /// <summary>The filter's attachment outlives the caller's use of the program.</summary>
    private static ClsactAttachment AttachFilter(BpfHandle program, NetInterface target, FlowDirection direction, Action<Notice> report)
    {
        BpfHandle kept = program.Duplicate();
        try
        {
            return ClsactHook.Attach(kept, target, direction, report);
        }
        catch
        {
            kept.Dispose();
            throw;
        }
    }

    /// <summary>Takes the program off again where it is not there, or where nobody can say: the next hook would count beside it.</summary>
    private static Attachment Verified(Attachment attachment, NetInterface target)
    {
        try
        {
            return attachment.IsInPlace()
                ? attachment
                : throw new XTraceException(FlowMessages.AttachNotEffective, target.Name, target.Name, Describe(attachment.Hook));
        }
        catch
        {
            attachment.Dispose();
            throw;
        }
    }

    private static uint LinkOf(NetInterface target) => target.HardwareType switch
    {
        HardwareType.Ether or HardwareType.Loopback => FlowAbi.LinkEthernet,
        HardwareType.None or HardwareType.RawIp or HardwareType.Ppp => FlowAbi.LinkIp,
        HardwareType.InfiniBand => FlowAbi.LinkIpoib,
        _ => throw new XTraceException(FlowMessages.LinkNotSupported, target.Name, target.Name, (ushort)target.HardwareType),
    };
}
