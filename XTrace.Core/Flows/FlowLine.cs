using System.Globalization;

namespace XTrace.Flows;

/// <summary>
/// The line that the original tool printed for a flow: <c>source:port -> destination:port proto=N packets=N bytes=N</c>. Its
/// process and the state of TCP follow, in the words of <c>ss</c>.
/// </summary>
internal static class FlowLine
{
    /// <remarks>
    /// RoCE has the destination queue pair for a port and the BTH opcode for proto; the source queue pair is not on the
    /// wire. Flows without IP have MAC addresses, no ports, and the ethertype in hexadecimal.
    /// </remarks>
    internal static string Format(FlowStat flow) => Counts(flow) + string.Concat(Details(flow).Select(Pair));

    private static string Counts(FlowStat flow)
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

    private static IEnumerable<(string Name, string? Value)> Details(FlowStat flow) =>
    [
        ("flags", $"{flow.TcpFlags}".Replace(", ", ",", StringComparison.Ordinal)),
        ("dscp", $"{flow.Dscp}"),
        ("ce", $"{flow.EcnCePackets}"),
        ("minframe", $"{flow.MinFrameSize}"),
        ("maxframe", $"{flow.MaxFrameSize}"),
        ("pid", $"{flow.ProcessId}"),
        ("process", flow.ProcessName),
        ("user", flow.UserName),
        ("container", flow.Container),
        ("unit", flow.SystemdUnit),
        ("state", $"{flow.State}"),
        ("rtt", Milliseconds(flow.RoundTripTime)),
        ("minrtt", Milliseconds(flow.MinRoundTripTime)),
        ("retrans", $"{flow.RetransmittedPackets}"),
        ("lost", $"{flow.LostPackets}"),
        ("cwnd", $"{flow.CongestionWindow}"),
        ("delivery_rate", flow.DeliveryRate is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{rate:0}bps") : null),
        ("limit", $"{flow.IsLimitedBy}"),
    ];

    /// <summary>Nothing where there is no value.</summary>
    private static string Pair((string Name, string? Value) field) =>
        string.IsNullOrEmpty(field.Value) ? "" : $" {field.Name}={Quote(field.Value)}";

    /// <summary>
    /// A name that somebody else chose, in a line: in quotation marks where it has a blank. Processes may have control
    /// characters in their names, which a terminal would obey.
    /// </summary>
    internal static string Quote(string name)
    {
        string plain = string.Concat(name.Select(letter => char.IsControl(letter) || letter == '"' ? '?' : letter));
        return plain.Contains(' ', StringComparison.Ordinal) ? $"\"{plain}\"" : plain;
    }

    private static string? Milliseconds(TimeSpan? time) =>
        time is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:0.###}ms") : null;
}
