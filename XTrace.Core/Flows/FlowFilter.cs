using System.Net;
using System.Net.Sockets;

namespace XTrace.Flows;

/// <summary>Which flows are wanted. An empty list asks for everything; several lists must all agree.</summary>
internal sealed class FlowFilter
{
    private const ushort DnsPort = 53; // RFC 1035 4.2

    internal IReadOnlyCollection<TrafficType> TrafficTypes { get; init; } = [];

    internal IReadOnlyCollection<IPProtocol> Protocols { get; init; } = [];

    /// <summary>Networks that the source or the destination is in.</summary>
    internal IReadOnlyCollection<IPNetwork> Networks { get; init; } = [];

    /// <summary>Ports that the source or the destination has.</summary>
    internal IReadOnlyCollection<ushort> Ports { get; init; } = [];

    /// <summary>Leave out UDP and TCP from or to port 53.</summary>
    internal bool ExcludeDns { get; init; }

    /// <summary>Whether it asks for everything.</summary>
    internal bool IsEmpty => TrafficTypes.Count == 0 && Protocols.Count == 0 && Networks.Count == 0 && Ports.Count == 0 && !ExcludeDns;

    internal bool Matches(in FlowKey key) =>
        (TrafficTypes.Count == 0 || TrafficTypes.Contains(FlowFields.TrafficTypeOf(key)))
        && (Protocols.Count == 0 || (!FlowFields.IsEthernet(key) && Protocols.Contains((IPProtocol)key.Protocol)))
        && (Ports.Count == 0 || MatchesPort(key))
        && (!ExcludeDns || !IsDns(key))
        && (Networks.Count == 0 || MatchesNetwork(key));

    /// <summary>Parses an address or a network in CIDR notation; bits behind the prefix are ignored.</summary>
    /// <exception cref="XTraceException">It is neither.</exception>
    internal static IPNetwork ParseNetwork(string text)
    {
        string[] parts = text.Split('/');
        // inet_aton's forms would mean something else than they look like: 10/8 is 0.0.0.10 to it.
        if (parts.Length <= 2 && IPAddress.TryParse(parts[0], out IPAddress? address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == parts[0]))
        {
            int bits = address.GetAddressBytes().Length * 8;
            int prefix = bits;
            if (parts.Length == 1 || (int.TryParse(parts[1], out prefix) && prefix >= 0 && prefix <= bits))
            {
                return new IPNetwork(Mask(address, prefix), prefix);
            }
        }
        throw new XTraceException(
            "InvalidAddress",
            XTraceErrorKind.InvalidArgument,
            $"'{text}' is neither an IP address nor a network. Write for example 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32.",
            text);
    }

    /// <summary>What it asks for, in the words of Get-FlowStat's parameters; nothing where it asks for everything.</summary>
    public override string ToString() => string.Join("; ", new[]
    {
        List("TrafficType", TrafficTypes), List("Protocol", Protocols), List("Address", Networks), List("Port", Ports), ExcludeDns ? "ExcludeDns" : "",
    }.Where(part => part.Length > 0));

    private static string List<T>(string name, IReadOnlyCollection<T> values) => values.Count == 0 ? "" : $"{name} {string.Join(", ", values)}";

    private static IPAddress Mask(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int bits = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - bits));
        }
        return new IPAddress(bytes);
    }

    private bool MatchesPort(in FlowKey key) =>
        FlowFields.HasPorts(key)
        && (Ports.Contains(FlowFields.SourcePortOf(key)) || Ports.Contains(FlowFields.DestinationPortOf(key)));

    private static bool IsDns(in FlowKey key) =>
        FlowFields.HasPorts(key)
        && (IPProtocol)key.Protocol is IPProtocol.UDP or IPProtocol.TCP
        && (FlowFields.SourcePortOf(key) == DnsPort || FlowFields.DestinationPortOf(key) == DnsPort);

    private bool MatchesNetwork(in FlowKey key)
    {
        if (FlowFields.IsEthernet(key))
        {
            return false;
        }
        int start = FlowFields.IsIPv4(key) ? 12 : 0;
        IPAddress source = new(FlowFields.SourceOf(key)[start..]);
        IPAddress destination = new(FlowFields.DestinationOf(key)[start..]);
        // IPNetwork itself would find a v4-mapped address of an IPv6 packet in an IPv4 network.
        return Networks.Any(network =>
            network.BaseAddress.AddressFamily == source.AddressFamily && (network.Contains(source) || network.Contains(destination)));
    }
}
