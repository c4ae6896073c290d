namespace XTrace.Flows;

/// <summary>The names of ICMP messages: IANA, icmp-parameters and icmpv6-parameters.</summary>
internal static class IcmpTypes
{
    /// <summary>The name of a type of ICMP; null where it has none that is in use.</summary>
    internal static string? NameOf(byte type) => type switch
    {
        0 => "echo reply",
        3 => "destination unreachable",
        4 => "source quench",
        5 => "redirect",
        8 => "echo request",
        9 => "router advertisement",
        10 => "router solicitation",
        11 => "time exceeded",
        12 => "parameter problem",
        13 => "timestamp",
        14 => "timestamp reply",
        42 => "extended echo request",
        43 => "extended echo reply",
        _ => null,
    };

    /// <summary>The name of a type of ICMPv6; null where it has none that is in use.</summary>
    internal static string? NameOfV6(byte type) => type switch
    {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbor solicitation",
        136 => "neighbor advertisement",
        137 => "redirect",
        143 => "multicast listener report v2",
        160 => "extended echo request",
        161 => "extended echo reply",
        _ => null,
    };
}
