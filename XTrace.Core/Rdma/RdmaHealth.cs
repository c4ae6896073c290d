namespace XTrace;

/// <summary>A finding at an RDMA port, or the fact that there is none.</summary>
public sealed class RdmaHealth
{
    /// <summary>The number of the sample, from 1.</summary>
    public long Sample { get; init; }

    /// <summary>When the sample was taken, local time.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>The RDMA device.</summary>
    public string Device { get; init; } = "";

    /// <summary>The port; null for the device as a whole.</summary>
    public int? Port { get; init; }

    /// <summary>The port's network interface; null if it has none.</summary>
    public string? InterfaceAlias { get; init; }

    /// <summary>The check. All for a port without a finding.</summary>
    public RdmaHealthCheck Check { get; init; }

    /// <summary>How bad it is.</summary>
    public RdmaHealthStatus Status { get; init; }

    /// <summary>The numbers, with the time over which they were measured.</summary>
    public string Evidence { get; init; } = "";

    /// <summary>The meaning of the evidence.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>The advice. Null if there is nothing to do.</summary>
    public string? Advice { get; init; }

    /// <summary>The finding as one line.</summary>
    public override string ToString() => $"{(Port is { } port ? $"{Device}/{port}" : Device)} {Check} {Status}: {Evidence}";
}

/// <summary>The checks.</summary>
public enum RdmaHealthCheck
{
    /// <summary>Everything: nothing wrong was found.</summary>
    All,
    /// <summary>The logical and the physical state of the port.</summary>
    PortState,
    /// <summary>Lanes of the link.</summary>
    LinkWidth,
    /// <summary>Speed of the link.</summary>
    LinkSpeed,
    /// <summary>Width and speed of the PCIe link.</summary>
    PcieLink,
    /// <summary>Credits of the PCIe bus.</summary>
    PcieStalls,
    /// <summary>A link that goes up and down.</summary>
    CarrierChanges,
    /// <summary>Pause frames received: the path is congested.</summary>
    PauseReceived,
    /// <summary>Pause frames sent: this host is slow.</summary>
    PauseSent,
    /// <summary>Packets dropped for lack of buffers.</summary>
    Discards,
    /// <summary>Packets lost, out of order or sent again.</summary>
    Retransmission,
    /// <summary>Congestion marks and notifications.</summary>
    Congestion,
    /// <summary>Counters of errors.</summary>
    ErrorCounters,
    /// <summary>Queue pairs in an error state.</summary>
    QueuePairs,
    /// <summary>Differences from the other ports of the same kind.</summary>
    Sibling,
    /// <summary>Counters whose growth cannot be known.</summary>
    CounterGrowth,
}

/// <summary>How bad a finding is.</summary>
public enum RdmaHealthStatus
{
    /// <summary>It could not be found out.</summary>
    Unknown,
    /// <summary>Nothing is wrong.</summary>
    Ok,
    /// <summary>Something costs performance, or may soon.</summary>
    Warning,
    /// <summary>Something does not work, or hardly.</summary>
    Critical,
}
