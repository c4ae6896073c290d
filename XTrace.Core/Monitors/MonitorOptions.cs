using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>How a monitor is to be made.</summary>
internal sealed record MonitorOptions
{
    internal const int DefaultMaxFlow = 65536;
    internal const int MinMaxFlow = FlowAbi.SlotsPerBucket;
    internal const int MaxMaxFlow = 1 << 23; // a slot's number has 24 bits, see FLOW_ENTRY_SLOT

    /// <summary>From this many points on, XTrace attaches them in the way that is quick for many.</summary>
    private const int Many = 32;

    internal AttachMode Mode { get; init; } = AttachMode.Auto;

    /// <summary>The directions to watch. Each has a monitor.</summary>
    internal FlowDirection Direction { get; init; } = FlowDirection.Ingress;

    /// <summary>The flows to keep; others count in the totals only.</summary>
    internal FlowFilter Filter { get; init; } = new();

    /// <summary>Whether TCP flags, DSCP, ECN and frame sizes of each flow are kept.</summary>
    internal bool Detail { get; init; }

    /// <summary>Whether interfaces are to take frames that are for others, for as long as they are monitored.</summary>
    internal bool Promiscuous { get; init; }

    /// <summary>Exactly these hooks, in this order, whatever the mode; null: those that suit the interface.</summary>
    internal IReadOnlyList<MonitorHook>? Hooks { get; init; }

    /// <summary>The directions one by one.</summary>
    internal IEnumerable<FlowDirection> Directions =>
        ((FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress]).Where(direction => Direction.HasFlag(direction));

    /// <summary>Flows that the monitor can hold: 8 to 8,388,608.</summary>
    internal int MaxFlow { get; init; } = DefaultMaxFlow;

    /// <exception cref="XTraceException">MaxFlow is out of its range.</exception>
    internal void Check()
    {
        if (MaxFlow is < MinMaxFlow or > MaxMaxFlow)
        {
            throw new XTraceException(FlowMessages.InvalidMaxFlow, MaxFlow, MaxFlow, MinMaxFlow, MaxMaxFlow, DefaultMaxFlow);
        }
    }

    /// <summary>The hooks to try. With both directions, XDP serves ingress only, and TC serves egress.</summary>
    /// <param name="target">The interface.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="points">How many interfaces and directions are attached together, see HookPlan.ForMany.</param>
    /// <param name="report">Receives the reason why Auto takes TC.</param>
    /// <exception cref="XTraceException">The interface, the mode and the direction do not go together.</exception>
    internal HookPlan PlanFor(NetInterface target, FlowDirection direction, int points = 1, Action<Notice>? report = null)
    {
        bool isOtherDirection = direction == FlowDirection.Egress && Direction == FlowDirection.Both;
        HookPlan plan = HookPlan.For(target, direction, isOtherDirection ? AttachMode.Auto : Mode);
        if (Mode == AttachMode.Auto && direction == FlowDirection.Ingress && report != null)
        {
            ExplainTc(target, report);
        }
        return Hooks != null ? plan with { Hooks = Hooks }
            : points >= Many ? plan.ForMany(target, direction)
            : plan;
    }

    private static void ExplainTc(NetInterface target, Action<Notice> report)
    {
        if (target.IsVirtual)
        {
            report(new Notice(NoticeLevel.Detail, FlowMessages.VirtualTakesTc, target.Name, target.Name, target.Kind ?? "loopback"));
        }
        else if (target.ForgetsXdp)
        {
            report(new Notice(NoticeLevel.Detail, FlowMessages.DriverForgetsXdp, target.Name, target.Name, target.Driver));
        }
    }
}
