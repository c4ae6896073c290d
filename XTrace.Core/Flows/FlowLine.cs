namespace XTrace.Flows;

/// <summary>The line that the original tool printed for a flow: <c>source:port -> destination:port proto=N packets=N bytes=N</c>.</summary>
internal static class FlowLine
{
    /// <remarks>
    /// RoCE has the destination queue pair for a port and the BTH opcode for proto; the source queue pair is not on the
    /// wire. Flows without IP have MAC addresses, no ports, and the ethertype in hexadecimal.
    /// </remarks>
    internal static string Format(FlowStat flow)
    {
        if (flow.EtherType is { } etherType)
        {
            return $"{flow.SourceAddress} -> {flow.DestinationAddress} proto=0x{etherType:x4} packets={flow.Packets} bytes={flow.Bytes}";
        }
        string source = FlowEndpoints.Endpoint(flow.SourceAddress, flow.SourcePort ?? 0);
        string destination = FlowEndpoints.Endpoint(flow.DestinationAddress, flow.DestinationQueuePair ?? flow.DestinationPort ?? 0);
        int protocol = (int?)flow.Opcode ?? (int)flow.Protocol.GetValueOrDefault();
        return $"{source} -> {destination} proto={protocol} packets={flow.Packets} bytes={flow.Bytes}";
    }
}
