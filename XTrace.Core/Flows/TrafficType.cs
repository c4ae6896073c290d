namespace XTrace;

/// <summary>The traffic type of a flow, as far as its headers tell.</summary>
public enum TrafficType
{
    /// <summary>Ethernet frames without IP: ARP, LLDP, spanning tree and so on.</summary>
    Ethernet,
    /// <summary>IP with a protocol that has no name here. A later fragment has the type of its protocol.</summary>
    IP,
    /// <summary>ICMP over IPv4.</summary>
    ICMP,
    /// <summary>ICMPv6.</summary>
    ICMPv6,
    /// <summary>TCP.</summary>
    TCP,
    /// <summary>UDP, RoCE v2 excepted.</summary>
    UDP,
    /// <summary>SCTP.</summary>
    SCTP,
    /// <summary>RDMA over Converged Ethernet, version 1: ethertype 0x8915.</summary>
    RoCEv1,
    /// <summary>RDMA over Converged Ethernet, version 2: UDP port 4791.</summary>
    RoCEv2,
}

/// <summary>IP protocols by number, as IANA assigns them; numbers without a name here are as good.</summary>
public enum IPProtocol : byte
{
#pragma warning disable CS1591 // The names are the documentation.
    HOPOPT = 0,
    ICMP = 1,
    IGMP = 2,
    IPinIP = 4,
    TCP = 6,
    UDP = 17,
    /// <summary>The base transport header behind the GRH of a RoCE v1 frame, IB_GRH_NEXT_HDR in rdma/ib_verbs.h.</summary>
    BTH = 27,
    DCCP = 33,
    IPv6 = 41,
    GRE = 47,
    ESP = 50,
    AH = 51,
    ICMPv6 = 58,
    NoNext = 59,
    OSPF = 89,
    PIM = 103,
    VRRP = 112,
    L2TP = 115,
    SCTP = 132,
    UDPLite = 136,
    MPLSinIP = 137,
#pragma warning restore CS1591
}
