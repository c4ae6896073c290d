using System.Numerics;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>How a monitor is to be made.</summary>
internal sealed record MonitorOptions
{
    internal const int DefaultMaxFlow = 16384;
    internal const int MinMaxFlow = FlowAbi.Ways;
    internal const int MaxMaxFlow = 1 << 24;

    internal AttachMode Mode { get; init; } = AttachMode.Auto;

    /// <summary>What is to be watched: a monitor for each direction.</summary>
    internal FlowDirection Direction { get; init; } = FlowDirection.Ingress;

    /// <summary>The flows to keep; others count in the totals only.</summary>
    internal FlowFilter Filter { get; init; } = new();

    /// <summary>Exactly these hooks, in this order, whatever the mode; null: those that suit the interface.</summary>
    internal IReadOnlyList<MonitorHook>? Hooks { get; init; }

    /// <summary>The directions one by one.</summary>
    internal IEnumerable<FlowDirection> Directions =>
        ((FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress]).Where(one => Direction.HasFlag(one));

    /// <summary>Flows that each CPU can hold: a power of two from 8 to 16,777,216.</summary>
    internal int MaxFlow { get; init; } = DefaultMaxFlow;

    /// <exception cref="XTraceException">MaxFlow is not a power of two in its range.</exception>
    internal int SetsPerCpu =>
        BitOperations.IsPow2(MaxFlow) && MaxFlow is >= MinMaxFlow and <= MaxMaxFlow
            ? MaxFlow / FlowAbi.Ways
            : throw new XTraceException(
                "InvalidMaxFlow",
                XTraceErrorKind.InvalidArgument,
                $"{MaxFlow} flows a CPU cannot be had: give a power of two from {MinMaxFlow} to {MaxMaxFlow}, for example {DefaultMaxFlow}.",
                MaxFlow);

    /// <summary>The hooks to try. Of both directions XDP is for what arrives; what leaves has only TC.</summary>
    /// <exception cref="XTraceException">The interface, the mode and the direction do not go together.</exception>
    internal HookPlan PlanFor(NetInterface target, FlowDirection direction)
    {
        HookPlan plan = HookPlan.For(target, direction, direction == FlowDirection.Egress && Direction == FlowDirection.Both ? AttachMode.Auto : Mode);
        return Hooks == null ? plan : plan with { Hooks = Hooks };
    }
}
