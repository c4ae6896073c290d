namespace XTrace;

/// <summary>The property by which the top n flows are chosen, largest first.</summary>
public enum FlowOrder
{
    /// <summary>L2 bytes since the monitor started.</summary>
    Bytes,
    /// <summary>Frames since the monitor started.</summary>
    Packets,
    /// <summary>Bytes a second.</summary>
    BytesPerSecond,
    /// <summary>Bits a second, which orders flows as BytesPerSecond does.</summary>
    Rate,
    /// <summary>Frames a second.</summary>
    PacketsPerSecond,
    /// <summary>Time from the first frame to the last.</summary>
    Duration,
    /// <summary>The most recently seen.</summary>
    LastSeen,
}
