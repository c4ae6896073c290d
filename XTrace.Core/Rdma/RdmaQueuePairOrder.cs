namespace XTrace;

/// <summary>The property by which the top n queue pairs are chosen, largest first. Unknown values come last.</summary>
public enum RdmaQueuePairOrder
{
    /// <summary>Packets sent and received a second.</summary>
    PacketsPerSecond,
    /// <summary>Packets sent a second.</summary>
    SentPacketsPerSecond,
    /// <summary>Packets received a second.</summary>
    ReceivedPacketsPerSecond,
    /// <summary>Packets sent since the first sample.</summary>
    SentPackets,
    /// <summary>Packets received since the first sample.</summary>
    ReceivedPackets,
    /// <summary>The estimate of bytes a second.</summary>
    EstimatedBytesPerSecond,
}
