namespace XTrace;

/// <summary>
/// A queue pair of an RDMA device: one end of an RDMA connection, or of several for the types without connections. What
/// the kernel, the driver or this process's rights do not tell is null, never 0.
/// </summary>
public sealed class RdmaQueuePair
{
    /// <summary>The number of the sample, from 1. All queue pairs of a sample have the same number and the same time.</summary>
    public long Sample { get; init; }

    /// <summary>When the sample was taken, local time.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>The RDMA device.</summary>
    public string Device { get; init; } = "";

    /// <summary>The port; null before the queue pair was bound to one.</summary>
    public int? Port { get; init; }

    /// <summary>The port's network interface, the surest if it has several; null if it has none.</summary>
    public string? InterfaceAlias { get; init; }

    /// <summary>Its number.</summary>
    public int QueuePair { get; init; }

    /// <summary>The kind of transport.</summary>
    public RdmaQueuePairType? Type { get; init; }

    /// <summary>Its state, as the device says it.</summary>
    public RdmaQueuePairState? State { get; init; }

    /// <summary>The peer's queue pair; only types RC and UC have one.</summary>
    public int? RemoteQueuePair { get; init; }

    /// <summary>
    /// The address of this end: that of the connection manager, else the GID, as IPv4 where it is a mapped one.
    /// </summary>
    public string? LocalAddress { get; init; }

    /// <summary>
    /// The address of the peer: that of the connection manager, else the GID, which only a BPF program sees.
    /// </summary>
    public string? RemoteAddress { get; init; }

    /// <summary>The local identifier of the port; null on Ethernet.</summary>
    public int? LocalLid { get; init; }

    /// <summary>The peer's local identifier; null on Ethernet. Only a BPF program sees it.</summary>
    public int? RemoteLid { get; init; }

    /// <summary>The most bytes of data in a packet, 256 to 4,096. Only a BPF program sees it.</summary>
    public int? PathMtu { get; init; }

    /// <summary>The service level, 0 to 15. Only a BPF program sees it.</summary>
    public int? ServiceLevel { get; init; }

    /// <summary>The traffic class of the GRH, on RoCE v2 the IP type of service. Only a BPF program sees it.</summary>
    public int? TrafficClass { get; init; }

    /// <summary>The number of the next packet to be sent, 24 bits: <c>sq-psn</c> of <c>rdma resource show qp</c>.</summary>
    public int? SendSequence { get; init; }

    /// <summary>The number of the next packet to be received, 24 bits: <c>rq-psn</c> of <c>rdma resource show qp</c>.</summary>
    public int? ReceiveSequence { get; init; }

    /// <summary>
    /// Packets sent since the first sample that had this queue pair, without those that were sent again. The responses of an
    /// RDMA READ use the numbers of the end that reads, so they count here. Null in a first sample, for types without
    /// sequence numbers, and where the driver does not say them.
    /// </summary>
    public ulong? SentPackets { get; init; }

    /// <summary>Packets of requests received since the first sample that had this queue pair, each once. Null as above.</summary>
    public ulong? ReceivedPackets { get; init; }

    /// <summary>Packets sent a second, over the time measured since the sample before.</summary>
    public double? SentPacketsPerSecond { get; init; }

    /// <summary>Packets received a second, over the time measured since the sample before.</summary>
    public double? ReceivedPacketsPerSecond { get; init; }

    /// <summary>
    /// An estimate of the bytes sent since the first sample: packets times the mean size of the port's packets over the same
    /// times, at most the path MTU. Null where the port does not count bytes and packets.
    /// </summary>
    public ulong? EstimatedSentBytes { get; init; }

    /// <summary>
    /// An estimate of bytes a second in both directions: packets times the mean size of the port's packets over the same
    /// time, at most the path MTU. Null where the port does not count bytes and packets.
    /// </summary>
    public double? EstimatedBytesPerSecond { get; init; }

    /// <summary>
    /// Whether the sequence number may have wrapped between two looks, so that <see cref="SentPackets"/> and
    /// <see cref="ReceivedPackets"/> may be too low.
    /// </summary>
    public bool IsAmbiguous { get; init; }

    /// <summary>The process that made it; null if the kernel did, or if the process cannot be seen from here.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The name of that process.</summary>
    public string? ProcessName { get; init; }

    /// <summary>The name of the process, or of the part of the kernel that made it.</summary>
    public string? Owner { get; init; }

    /// <summary>The container that the process runs in; null if it is in none, or if that is not known.</summary>
    public string? Container { get; init; }

    /// <summary>The connection as one line.</summary>
    public override string ToString() => $"{Device}/{Port} {QueuePair} -> {RemoteAddress}:{RemoteQueuePair} {Type} {State}";
}

/// <summary>Transports of queue pairs: enum ib_qp_type, rdma/ib_verbs.h.</summary>
public enum RdmaQueuePairType
{
    /// <summary>Subnet management: queue pair 0 of a port.</summary>
    SMI = 0,
    /// <summary>General services, such as connection management: queue pair 1 of a port.</summary>
    GSI = 1,
    /// <summary>Reliable connection.</summary>
    RC = 2,
    /// <summary>Unreliable connection.</summary>
    UC = 3,
    /// <summary>Unreliable datagram.</summary>
    UD = 4,
    /// <summary>Raw IPv6 packets.</summary>
    RawIPv6 = 5,
    /// <summary>Raw Ethernet frames of one type.</summary>
    RawEtherType = 6,
    /// <summary>Raw packets.</summary>
    RawPacket = 8,
    /// <summary>The initiator of an extended reliable connection.</summary>
    XrcInitiator = 9,
    /// <summary>The target of an extended reliable connection.</summary>
    XrcTarget = 10,
    /// <summary>One of the driver's own.</summary>
    Driver = 255,
}

/// <summary>States of queue pairs: enum ib_qp_state, rdma/ib_verbs.h.</summary>
public enum RdmaQueuePairState
{
    /// <summary>Just made.</summary>
    Reset,
    /// <summary>Bound to a port.</summary>
    Init,
    /// <summary>Ready to receive.</summary>
    RTR,
    /// <summary>Ready to send: connected.</summary>
    RTS,
    /// <summary>Its send queue is being drained.</summary>
    SQD,
    /// <summary>Its send queue is in error.</summary>
    SQE,
    /// <summary>In error: nothing is sent or received any more.</summary>
    Error,
}
