using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>Counts beside the totals of a point.</summary>
/// <param name="Slots">The slots that each point's flows use.</param>
/// <param name="Drops">Packets that the queueing disciplines dropped, by interface.</param>
internal sealed record MonitorCounts(IReadOnlyDictionary<uint, long> Slots, IReadOnlyDictionary<int, ulong> Drops)
{
    internal static MonitorCounts None { get; } = new(new Dictionary<uint, long>(), new Dictionary<int, ulong>());

    /// <summary>Packets dropped since the point began to count. Null for ingress, and without a queueing discipline.</summary>
    internal ulong? DropsSinceStart(PinnedPoint point) =>
        point is { Direction: FlowDirection.Egress, Point: { } known } && Drops.TryGetValue(point.InterfaceIndex, out ulong drops)
            ? QueueDrops.Since(known.QueueDrops, drops)
            : null;
}
