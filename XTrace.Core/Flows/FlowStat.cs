namespace XTrace;

/// <summary>
/// One flow, in one direction, as counted so far. Counts are exact: frames and L2 bytes without FCS, as they are on
/// the wire. Times are good to one kernel tick, 1 to 10 ms.
/// </summary>
public sealed class FlowStat
{
    /// <summary>Most flows have none, and then they take no room.</summary>
    private Details? _details;

    /// <summary>When the counts were read, local time: the same for all flows of a sample.</summary>
    public DateTime Timestamp { get; init; }

    /// <summary>The number of the sample, from 1: the same for all its flows, on all interfaces.</summary>
    public long Sample { get; init; }

    /// <summary>The interface the flow was seen on.</summary>
    public string InterfaceAlias { get; init; } = "";

    /// <summary>The way the frames went through the interface.</summary>
    public FlowDirection Direction { get; init; }

    /// <summary>The traffic type of the flow.</summary>
    public TrafficType TrafficType { get; init; }

    /// <summary>The IP protocol, behind IPv6 extension headers; null without IP.</summary>
    public IPProtocol? Protocol { get; init; }

    /// <summary>IPv4, IPv6 (RoCE v1: GID) or MAC address.</summary>
    public string SourceAddress { get; init; } = "";

    /// <summary>Null where the protocol has no ports, in later fragments, and in RoCE.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>IPv4, IPv6 (RoCE v1: GID) or MAC address.</summary>
    public string DestinationAddress { get; init; } = "";

    /// <summary>Null where the protocol has no ports, in later fragments, and in RoCE.</summary>
    public ushort? DestinationPort { get; init; }

    /// <summary>
    /// VLAN id of the outer tag, 0 to 4095. Null for an untagged frame, and where the NIC took the tag off (rxvlan offload).
    /// </summary>
    public ushort? VlanId { get; init; }

    /// <summary>RoCE: the destination queue pair, 24 bits.</summary>
    public uint? DestinationQueuePair { get; init; }

    /// <summary>RoCE: the opcode of the base transport header.</summary>
    public RoceOpcode? Opcode { get; init; }

    /// <summary>ICMP and ICMPv6: the message's type.</summary>
    public byte? IcmpType { get; init; }

    /// <summary>ICMP and ICMPv6: the message's code.</summary>
    public byte? IcmpCode { get; init; }

    /// <summary>The ethertype of a flow without IP; LLC frames have 0x0004, as ETH_P_802_2 in linux/if_ether.h.</summary>
    public ushort? EtherType { get; init; }

    /// <summary>Whether these are later fragments of IP packets, which have no ports; a first fragment counts with its flow.</summary>
    public bool IsFragment { get; init; }

    /// <summary>Frames since the monitor started.</summary>
    public ulong Packets { get; init; }

    /// <summary>L2 bytes since the monitor started.</summary>
    public ulong Bytes { get; init; }

    /// <summary>When the first frame came, local time.</summary>
    public DateTime FirstSeen { get; init; }

    /// <summary>When the last frame came, local time.</summary>
    public DateTime LastSeen { get; init; }

    /// <summary>From the first frame to the last.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why the flow is over, where the monitor has ceased to count it; None while it has not.</summary>
    public FlowEndReason EndReason { get; init; }

    /// <summary>Frames a second over the measured time since the previous sample; in the first sample, since the monitor started.</summary>
    public double PacketsPerSecond { get; init; }

    /// <summary>Bytes a second over the measured time since the previous sample; in the first sample, since the monitor started.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>The same in bits a second, as networks are rated.</summary>
    public double Rate => BytesPerSecond * 8;

    /// <summary>
    /// TCP: all flags that frames of the flow had. A SYN without ACK that nobody answers stays the only one. It and the next four are
    /// null where details were not asked for, or where the monitor keeps none.
    /// </summary>
    public TcpControlBits? TcpFlags
    {
        get => _details?.TcpFlags;
        init => Own.TcpFlags = value;
    }

    /// <summary>IP: the differentiated services code point of the last frame, 0 to 63 (RFC 2474).</summary>
    public byte? Dscp
    {
        get => _details?.Dscp;
        init => Own.Dscp = value;
    }

    /// <summary>IP: frames that are marked as having met congestion, ECN codepoint CE (RFC 3168).</summary>
    public ulong? EcnCePackets
    {
        get => _details?.EcnCePackets;
        init => Own.EcnCePackets = value;
    }

    /// <summary>
    /// L2 bytes of the smallest frame on the wire, without FCS. Where frames were merged, the segments count if the kernel tells their
    /// sizes.
    /// </summary>
    public uint? MinFrameSize
    {
        get => _details?.MinFrameSize;
        init => Own.MinFrameSize = value;
    }

    /// <summary>L2 bytes of the largest frame on the wire, without FCS.</summary>
    public uint? MaxFrameSize
    {
        get => _details?.MaxFrameSize;
        init => Own.MaxFrameSize = value;
    }

    /// <summary>
    /// The process at the flow's end on this machine, where details were asked for. Null where no socket here has the flow's addresses
    /// and ports, and no queue pair a RoCE flow's: forwarded flows have no process.
    /// </summary>
    public int? ProcessId
    {
        get => _details?.ProcessId;
        init => Own.ProcessId = value;
    }

    /// <summary>The process's name, at most 15 bytes as the kernel keeps it; null where <see cref="ProcessId"/> is.</summary>
    public string? ProcessName
    {
        get => _details?.ProcessName;
        init => Own.ProcessName = value;
    }

    /// <summary>The process's effective user, by number where it has no name; null where <see cref="ProcessId"/> is.</summary>
    public string? UserName
    {
        get => _details?.UserName;
        init => Own.UserName = value;
    }

    /// <summary>The id of the process's container, or its name where the runtime uses that; null outside of containers.</summary>
    public string? Container
    {
        get => _details?.Container;
        init => Own.Container = value;
    }

    /// <summary>
    /// What runs the container: docker, containerd, cri-o, podman, lxc or systemd-nspawn; null where the control group does not tell.
    /// </summary>
    public string? ContainerRuntime
    {
        get => _details?.ContainerRuntime;
        init => Own.ContainerRuntime = value;
    }

    /// <summary>The systemd unit that the process belongs to; null in containers, and without systemd.</summary>
    public string? SystemdUnit
    {
        get => _details?.SystemdUnit;
        init => Own.SystemdUnit = value;
    }

    /// <summary>TCP: the state of the connection on this machine. It and all figures of TCP are null where none is known.</summary>
    public TcpState? State
    {
        get => _details?.State;
        init => Own.State = value;
    }

    /// <summary>TCP: the smoothed round-trip time, to a microsecond; null before the first measurement.</summary>
    public TimeSpan? RoundTripTime
    {
        get => _details?.RoundTripTime;
        init => Own.RoundTripTime = value;
    }

    /// <summary>TCP: the shortest round-trip time that the kernel remembers, to a microsecond; null before the first measurement.</summary>
    public TimeSpan? MinRoundTripTime
    {
        get => _details?.MinRoundTripTime;
        init => Own.MinRoundTripTime = value;
    }

    /// <summary>TCP: segments that this machine sent again since the connection began.</summary>
    public uint? RetransmittedPackets
    {
        get => _details?.RetransmittedPackets;
        init => Own.RetransmittedPackets = value;
    }

    /// <summary>TCP: segments that the kernel takes for lost now, and has not sent again yet.</summary>
    public uint? LostPackets
    {
        get => _details?.LostPackets;
        init => Own.LostPackets = value;
    }

    /// <summary>TCP: how many segments this machine may have under way.</summary>
    public uint? CongestionWindow
    {
        get => _details?.CongestionWindow;
        init => Own.CongestionWindow = value;
    }

    /// <summary>TCP: how fast data reached the other side when that was last measured, in bits a second; null before.</summary>
    public double? DeliveryRate
    {
        get => _details?.DeliveryRate;
        init => Own.DeliveryRate = value;
    }

    /// <summary>
    /// TCP: what kept this machine from sending faster since the previous sample; in the first sample, since the connection began.
    /// </summary>
    public FlowLimit? IsLimitedBy
    {
        get => _details?.IsLimitedBy;
        init => Own.IsLimitedBy = value;
    }

    /// <summary>
    /// The source's address and port: <c>10.0.0.1:1000</c>, <c>[fe80::1]:1000</c>. Without a port, the address alone.
    /// </summary>
    public string Source => Flows.FlowEndpoints.Source(this);

    /// <summary>
    /// The destination's address with what tells the flow from others between the same addresses: <c>10.0.0.2:443</c>,
    /// <c>10.0.0.2 qp 0x12</c> for RoCE, <c>10.0.0.2 echo request</c> or <c>10.0.0.2 destination unreachable, code 1</c> for ICMP,
    /// <c>10.0.0.2 frag</c> for later fragments.
    /// </summary>
    public string Destination => Flows.FlowEndpoints.Destination(this);

    /// <summary>The flow as one line: source, destination, protocol, counts.</summary>
    public override string ToString() => Flows.FlowLine.Format(this);

    /// <summary>All that is known beside the counts, at once; null for nothing.</summary>
    internal Details? Known
    {
        init => _details = value;
    }

    private Details Own => _details ??= new Details();

    /// <summary>The properties of a flow beside its counts; null where one is not known.</summary>
    internal sealed class Details
    {
        internal TcpControlBits? TcpFlags;
        internal byte? Dscp;
        internal ulong? EcnCePackets;
        internal uint? MinFrameSize;
        internal uint? MaxFrameSize;
        internal int? ProcessId;
        internal string? ProcessName;
        internal string? UserName;
        internal string? Container;
        internal string? ContainerRuntime;
        internal string? SystemdUnit;
        internal TcpState? State;
        internal TimeSpan? RoundTripTime;
        internal TimeSpan? MinRoundTripTime;
        internal uint? RetransmittedPackets;
        internal uint? LostPackets;
        internal uint? CongestionWindow;
        internal double? DeliveryRate;
        internal FlowLimit? IsLimitedBy;
    }
}
