namespace XTrace;

/// <summary>What the top n queue pairs are chosen by, greatest first. What is not known comes last.</summary>
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
