namespace XTrace.Flows;

/// <summary>The two ends of a flow as people write them.</summary>
internal static class FlowEndpoints
{
    internal static string Source(FlowStat flow) => Endpoint(flow.SourceAddress, flow.SourcePort);

    internal static string Destination(FlowStat flow)
    {
        string address = flow.DestinationAddress;
        return flow.DestinationQueuePair is { } pair ? $"{address} qp 0x{pair:x}"
            : flow.IcmpType is { } type ? $"{address} {Icmp(flow, type)}"
            : flow.IsFragment ? $"{address} frag"
            : Endpoint(address, flow.DestinationPort);
    }

    private static string Icmp(FlowStat flow, byte type)
    {
        string? name = flow.TrafficType == TrafficType.ICMPv6 ? IcmpTypes.NameOfV6(type) : IcmpTypes.NameOf(type);
        return (name ?? $"type {type}") + (flow.IcmpCode is { } code and not 0 ? $", code {code}" : "");
    }

    /// <summary>An address with its port. Addresses with colons in them go in brackets, RFC 3986 3.2.2.</summary>
    internal static string Endpoint(string? address, uint? port) =>
        port is not { } number ? address ?? ""
        : address?.Contains(':', StringComparison.Ordinal) == true ? $"[{address}]:{number}"
        : $"{address}:{number}";
}
