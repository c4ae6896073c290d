namespace XTrace;

/// <summary>One counter of an RDMA device or port, in one sample.</summary>
public sealed class RdmaCounter
{
    /// <summary>The number of the sample, from 1. All counters of a sample have the same number and the same time.</summary>
    public long Sample { get; init; }

    /// <summary>When the sample was taken, local time.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>The RDMA device.</summary>
    public string Device { get; init; } = "";

    /// <summary>The port; null for a counter of the device as a whole.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// The port's network interface, the surest if it has several; null if it has none. For a statistic of a network interface it is
    /// that interface: a bond has statistics of each interface in it.
    /// </summary>
    public string? InterfaceAlias { get; init; }

    /// <summary>How <see cref="InterfaceAlias"/> was found; by the PCI function it is a guess. Null without an interface.</summary>
    public RdmaInterfaceMethod? InterfaceFoundBy { get; init; }

    /// <summary>The source of the counter: a folder in sysfs, or a question to the kernel.</summary>
    public RdmaCounterSource Source { get; init; }

    /// <summary>Its name there.</summary>
    public string Name { get; init; } = "";

    /// <summary>The number as read; null if none could be.</summary>
    public ulong? RawValue { get; init; }

    /// <summary>The number in <see cref="Unit"/>: words of 4 bytes, on Omni-Path of 8, have become bytes.</summary>
    public ulong? Value { get; init; }

    /// <summary>The unit of the counter.</summary>
    public RdmaCounterUnit Unit { get; init; }

    /// <summary>Whether it only grows.</summary>
    public RdmaCounterKind Kind { get; init; }

    /// <summary>The category of the counter.</summary>
    public RdmaCounterCategory Category { get; init; }

    /// <summary>The direction of the counted traffic, as its name says. None if the name does not say.</summary>
    public RdmaCounterDirection Direction { get; init; }

    /// <summary>Whether <see cref="Category"/> is guessed from the words of the name: the counter is not in the catalogue.</summary>
    public bool IsGuess { get; init; }

    /// <summary>The counter's width in bits; null if it is not known.</summary>
    public int? Width { get; init; }

    /// <summary>
    /// How much it grew since the sample before, in <see cref="Unit"/>. Null in a first sample, for a gauge, and where the growth
    /// cannot be known.
    /// </summary>
    public ulong? Delta { get; init; }

    /// <summary>The same a second, over the time measured between the two reads.</summary>
    public double? RatePerSecond { get; init; }

    /// <summary>
    /// The same in the unit that links are rated in: bits a second for a counter of bytes. For any other counter it equals
    /// <see cref="RatePerSecond"/>.
    /// </summary>
    public double? Rate => Unit == RdmaCounterUnit.Bytes ? RatePerSecond * 8 : RatePerSecond;

    /// <summary>Whether it has reached its greatest value, where such counters stop (IBTA 16.1.3.5).</summary>
    public bool IsSaturated => Status == RdmaCounterStatus.Saturated;

    /// <summary>Whether the value is good, or why not.</summary>
    public RdmaCounterStatus Status { get; init; }

    /// <summary>The kernel's error number where reading failed.</summary>
    public int? ErrorCode { get; init; }

    /// <summary>The meaning of the counter, in one line. Null if it is not known.</summary>
    public string? Description { get; init; }

    /// <summary>The counter as one line.</summary>
    public override string ToString() =>
        $"{(Port is { } port ? $"{Device}/{port}" : Device)} {Name} {(Value is { } value ? $"{value}" : $"{Status}")}";
}

/// <summary>The source of a counter.</summary>
public enum RdmaCounterSource
{
    /// <summary><c>counters</c>: the port counters of the InfiniBand specification.</summary>
    Counters,
    /// <summary><c>counters_ext</c>: their 64-bit forms in older MLNX_OFED releases.</summary>
    CountersExt,
    /// <summary><c>hw_counters</c>: those of the driver.</summary>
    HwCounters,
    /// <summary><c>diag_counters</c>: those of ib_qib, which has no <c>hw_counters</c>.</summary>
    DiagCounters,
    /// <summary>Optional counters of the driver that somebody has enabled, through RDMA netlink.</summary>
    Optional,
    /// <summary>The driver's statistics of the port's network interface, as <c>ethtool -S</c> shows them.</summary>
    Ethtool,
    /// <summary>How often the network interface gained and lost its carrier: <c>class/net</c> in sysfs.</summary>
    Carrier,
}

/// <summary>The unit of a counter.</summary>
public enum RdmaCounterUnit
{
    /// <summary>The counter is not in the catalogue.</summary>
    Unknown,
    /// <summary>Bytes.</summary>
    Bytes,
    /// <summary>Packets.</summary>
    Packets,
    /// <summary>Work requests, commands, messages.</summary>
    Requests,
    /// <summary>Events.</summary>
    Events,
    /// <summary>Ticks of the device's clock.</summary>
    Ticks,
    /// <summary>Microseconds.</summary>
    Microseconds,
    /// <summary>Objects that exist now.</summary>
    Objects,
}

/// <summary>How a counter moves.</summary>
public enum RdmaCounterKind
{
    /// <summary>Not known; taken for one that only grows.</summary>
    Unknown,
    /// <summary>It only grows, until it is reset.</summary>
    Counter,
    /// <summary>It rises and falls, and has no rate.</summary>
    Gauge,
}

/// <summary>The direction of the counted traffic.</summary>
public enum RdmaCounterDirection
{
    /// <summary>Neither, or both.</summary>
    None,
    /// <summary>Out of the port.</summary>
    Sent,
    /// <summary>Into the port.</summary>
    Received,
}

/// <summary>The category of a counter.</summary>
public enum RdmaCounterCategory
{
    /// <summary>None of the others, or not known.</summary>
    Other,
    /// <summary>Data and requests that went through.</summary>
    Traffic,
    /// <summary>Something failed.</summary>
    Error,
    /// <summary>Something had to wait or was told to slow down.</summary>
    Congestion,
    /// <summary>Something was lost, came out of order, or was sent again.</summary>
    Retransmission,
}

/// <summary>The result of reading a counter.</summary>
public enum RdmaCounterStatus
{
    /// <summary>It was read.</summary>
    Ok,
    /// <summary>
    /// It was read, and is less than before. Nobody can tell by how much it grew. A driver's counter whose width is known has
    /// wrapped instead where that makes less than half of its range; it then has its increment, and is <see cref="Ok"/>.
    /// </summary>
    Reset,
    /// <summary>It was read, and stands at its greatest value. Nobody can tell by how much it grew.</summary>
    Saturated,
    /// <summary>The device does not keep it: <c>N/A (no PMA)</c>.</summary>
    NotAvailable,
    /// <summary>The driver does not support it now (EOPNOTSUPP).</summary>
    NotSupported,
    /// <summary>The device or the counter has disappeared (ENODEV, ENOENT).</summary>
    Gone,
    /// <summary>The kernel refused with another error: see ErrorCode.</summary>
    Failed,
    /// <summary>The text is not a number.</summary>
    NotANumber,
}
