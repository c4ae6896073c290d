namespace XTrace.Flows;

/// <summary>A flow as counted by one monitor, over all CPUs, with its gain since the previous sample.</summary>
internal struct FlowRow
{
    internal FlowKey Key;

    /// <summary>The observation point: ObservationPoint.Id.</summary>
    internal uint Point;

    /// <summary>The low half of jiffies_64 at the first frame.</summary>
    internal uint FirstSeen;

    /// <summary>The low half of jiffies_64 at the last frame.</summary>
    internal uint LastSeen;

    /// <summary>Why the monitor counts it no more, if so.</summary>
    internal FlowEndReason EndReason;

    internal ulong Packets;
    internal ulong Bytes;
    internal ulong NewPackets;
    internal ulong NewBytes;

    /// <summary>The gain since the previous sample.</summary>
    internal readonly FrameCount Gain => new(NewPackets, NewBytes);

    internal readonly bool IsSameFlow(in FlowRow other) => Point == other.Point && Key.Equals(other.Key);

    /// <summary>Whether its last frame came after another's.</summary>
    internal readonly bool IsLaterThan(in FlowRow other) => (int)(LastSeen - other.LastSeen) > 0;

    /// <summary>Adds what another CPU, or an earlier life in the table, counted of the same flow.</summary>
    internal void Add(in FlowRow other)
    {
        Packets += other.Packets;
        Bytes += other.Bytes;
        // Jiffies wrap around: of two, the earlier is the one that the other is ahead of.
        FirstSeen = (int)(other.FirstSeen - FirstSeen) < 0 ? other.FirstSeen : FirstSeen;
        LastSeen = other.IsLaterThan(in this) ? other.LastSeen : LastSeen;
    }
}
