namespace XTrace.Rdma;

/// <summary>Picks queue pairs.</summary>
internal static class QueuePairSelection
{
    /// <summary>The n largest of each port, largest first. Without a number, all of them in no order.</summary>
    internal static IEnumerable<RdmaQueuePair> Top(IReadOnlyList<RdmaQueuePair> sample, int? n, RdmaQueuePairOrder order) =>
        n is not { } count ? sample : sample
            .GroupBy(pair => (pair.Device, pair.Port))
            .SelectMany(port => port.OrderByDescending(pair => Weight(pair, order) ?? -1).Take(count));

    private static double? Weight(RdmaQueuePair pair, RdmaQueuePairOrder order) => order switch
    {
        RdmaQueuePairOrder.SentPacketsPerSecond => pair.SentPacketsPerSecond,
        RdmaQueuePairOrder.ReceivedPacketsPerSecond => pair.ReceivedPacketsPerSecond,
        RdmaQueuePairOrder.SentPackets => pair.SentPackets,
        RdmaQueuePairOrder.ReceivedPackets => pair.ReceivedPackets,
        RdmaQueuePairOrder.EstimatedBytesPerSecond => pair.EstimatedBytesPerSecond,
        _ => pair.SentPacketsPerSecond + pair.ReceivedPacketsPerSecond,
    };
}
