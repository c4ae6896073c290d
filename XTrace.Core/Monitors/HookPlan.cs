using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The hooks that suit an interface, best first, and what its frames look like there.</summary>
/// <param name="Hooks">At least one.</param>
/// <param name="Link">What frames begin with: FlowAbi.Link*.</param>
internal sealed record HookPlan(IReadOnlyList<MonitorHook> Hooks, uint Link)
{
    private static readonly MonitorHook[] s_tc = [MonitorHook.Tcx, MonitorHook.Clsact];

    internal bool NeedsXdp => Hooks.Any(IsXdp);

    internal bool NeedsTc => Hooks.Any(hook => !IsXdp(hook));

    /// <summary>
    /// Native XDP is the cheapest on a device of its own. On a virtual interface it would slow down what is watched: a
    /// veth, for one, then stops to pass on packets that are not segmented yet. Generic XDP is the last resort.
    /// </summary>
    /// <exception cref="XTraceException">The interface, the mode and the direction do not go together; the message says why.</exception>
    internal static HookPlan For(NetInterface target, FlowDirection direction, AttachMode mode)
    {
        uint link = LinkOf(target);
        bool wantsXdp = mode is AttachMode.Native or AttachMode.Generic;
        if (wantsXdp && direction == FlowDirection.Egress)
        {
            throw new XTraceException(
                "EgressNeedsTc",
                XTraceErrorKind.InvalidArgument,
                $"XDP sees what arrives at {target.Name}, not what leaves it. Use attach mode Tc or Auto for egress.",
                target.Name);
        }
        if (wantsXdp && link != FlowAbi.LinkEthernet)
        {
            throw new XTraceException(
                "LinkNotSupported",
                XTraceErrorKind.NotSupported,
                $"{target.Name} has no Ethernet frames, and the XDP program reads nothing else. Use attach mode Tc or Auto.",
                target.Name);
        }
        MonitorHook[] hooks = mode switch
        {
            AttachMode.Native => [MonitorHook.XdpNative],
            AttachMode.Generic => [MonitorHook.XdpGeneric],
            AttachMode.Tc => s_tc,
            _ when direction == FlowDirection.Egress || link != FlowAbi.LinkEthernet => s_tc,
            _ when target.IsVirtual => [.. s_tc, MonitorHook.XdpGeneric],
            _ => [MonitorHook.XdpNative, .. s_tc, MonitorHook.XdpGeneric],
        };
        return new HookPlan(hooks, mode == AttachMode.Generic ? FlowAbi.LinkGeneric : link);
    }

    /// <summary>Attaches to the first hook that takes the program, and makes sure that it is there.</summary>
    /// <param name="program">The programs.</param>
    /// <param name="target">The interface.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="replacement">Makes room on a slot that takes one program only.</param>
    /// <param name="report">Is told why a hook was not taken.</param>
    /// <exception cref="XTraceException">No hook took it; the message says why.</exception>
    internal Attachment Attach(
        FlowProgram program, NetInterface target, FlowDirection direction, Replacement? replacement, Action<string> report)
    {
        List<XTraceException> refusals = [];
        foreach (MonitorHook hook in Hooks)
        {
            try
            {
                return Verified(Attach(hook, program, target, direction, replacement, report), target);
            }
            catch (XTraceException refusal) when (refusal.Kind != XTraceErrorKind.PermissionDenied)
            {
                refusals.Add(refusal);
                report($"{target.Name}: {Describe(hook)} was refused. {refusal.Message}");
            }
        }
        if (NetInterfaces.NameOf(target.Index) == null)
        {
            throw new XTraceException(
                "InterfaceGone", XTraceErrorKind.NotFound, $"{target.Name} has gone while it was to be watched. If it is back, start again.", target.Name);
        }
        throw refusals is [var only] ? only : new XTraceException(
            "NoHook",
            XTraceErrorKind.NotSupported,
            $"No hook of {target.Name} can be used. {string.Join(' ', refusals.Select(refusal => refusal.Message.Split('\n')[0].Trim()))}",
            target.Name,
            new AggregateException(refusals));
    }

    /// <summary>A hook as people call it.</summary>
    internal static string Describe(MonitorHook hook) => hook switch
    {
        MonitorHook.XdpNative => "native XDP",
        MonitorHook.XdpGeneric => "generic XDP",
        MonitorHook.Tcx => "TCX",
        MonitorHook.Clsact => "a clsact filter",
        _ => "nothing",
    };

    private static Attachment Attach(
        MonitorHook hook, FlowProgram program, NetInterface target, FlowDirection direction, Replacement? replacement, Action<string> report)
    {
        switch (hook)
        {
            case MonitorHook.Tcx when !TcxHook.IsSupported:
                throw new XTraceException("NotSupported", XTraceErrorKind.NotSupported, "This kernel has no TCX, which came with 6.6.", target.Name);
            case MonitorHook.Tcx:
                return TcxHook.Attach(program.Tc, target, direction);
            case MonitorHook.Clsact:
                return ClsactHook.Attach(program.Tc, target, direction, report);
            default:
                return XdpHook.Attach(program.Xdp, target, hook, replacement);
        }
    }

    private static Attachment Verified(Attachment attachment, NetInterface target)
    {
        if (attachment.IsInPlace())
        {
            return attachment;
        }
        attachment.Dispose();
        throw new XTraceException(
            "AttachNotEffective",
            XTraceErrorKind.Failed,
            $"The kernel accepted {Describe(attachment.Hook)} on {target.Name} but does not run it there. Start again, or try another attach mode.",
            target.Name);
    }

    private static bool IsXdp(MonitorHook hook) => hook is MonitorHook.XdpNative or MonitorHook.XdpGeneric;

    private static uint LinkOf(NetInterface target) => target.HardwareType switch
    {
        HardwareType.Ether or HardwareType.Loopback => FlowAbi.LinkEthernet,
        HardwareType.None or HardwareType.RawIp or HardwareType.Ppp => FlowAbi.LinkIp,
        HardwareType.InfiniBand => FlowAbi.LinkIpoib,
        _ => throw new XTraceException(
            "LinkNotSupported",
            XTraceErrorKind.NotSupported,
            $"The frames of {target.Name} begin with headers that XTrace does not read (hardware type {(ushort)target.HardwareType}, see linux/if_arp.h). "
            + "Watch the interface that carries them instead.",
            target.Name),
    };
}
