using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>What is counted beside a point's totals.</summary>
/// <param name="Slots">The slots that each point's flows use.</param>
/// <param name="Drops">What the queueing disciplines have dropped, by interface.</param>
internal sealed record MonitorCounts(IReadOnlyDictionary<uint, long> Slots, IReadOnlyDictionary<int, ulong> Drops)
{
    internal static MonitorCounts None { get; } = new(new Dictionary<uint, long>(), new Dictionary<int, ulong>());

    /// <summary>What was dropped since a point began to count; null for what arrives, and where there is no queueing discipline.</summary>
    internal ulong? DropsSinceStart(PinnedPoint point) =>
        point is { Direction: FlowDirection.Egress, Point: { } known } && Drops.TryGetValue(point.InterfaceIndex, out ulong drops)
            ? QueueDrops.Since(known.QueueDrops, drops)
            : null;
}
