namespace XTrace.Rdma;

/// <summary>The totals of a port that some of its counters add up to.</summary>
internal enum PortTotal
{
    None,
    SentBytes,
    SentPackets,
    SentErrors,
    ReceivedBytes,
    ReceivedPackets,
    ReceivedErrors,
}
