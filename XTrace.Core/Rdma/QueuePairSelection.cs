namespace XTrace.Rdma;

/// <summary>Picks queue pairs.</summary>
internal static class QueuePairSelection
{
    /// <summary>The n largest of each port, largest first. Without a number, all of them in no order.</summary>
    internal static IEnumerable<RdmaQueuePair> Top(IReadOnlyList<RdmaQueuePair> sample, int? n, RdmaQueuePairOrder order) =>
        n is not { } count ? sample : sample
            .GroupBy(one => (one.Device, one.Port))
            .SelectMany(port => port.OrderByDescending(one => Weight(one, order) ?? -1).Take(count));

    private static double? Weight(RdmaQueuePair one, RdmaQueuePairOrder order) => order switch
    {
        RdmaQueuePairOrder.SentPacketsPerSecond => one.SentPacketsPerSecond,
        RdmaQueuePairOrder.ReceivedPacketsPerSecond => one.ReceivedPacketsPerSecond,
        RdmaQueuePairOrder.SentPackets => one.SentPackets,
        RdmaQueuePairOrder.ReceivedPackets => one.ReceivedPackets,
        RdmaQueuePairOrder.EstimatedBytesPerSecond => one.EstimatedBytesPerSecond,
        _ => one.SentPacketsPerSecond + one.ReceivedPacketsPerSecond,
    };
}
