using System.Numerics;
using XTrace.Flows;

namespace XTrace.Monitors;

/// <summary>How a monitor is to be made.</summary>
internal sealed record MonitorOptions
{
    internal const int DefaultMaxFlow = 16384;
    internal const int MinMaxFlow = FlowAbi.Ways;
    internal const int MaxMaxFlow = 1 << 24;

    internal AttachMode Mode { get; init; } = AttachMode.Auto;

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
}
