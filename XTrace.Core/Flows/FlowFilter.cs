using System.Net;
using System.Net.Sockets;
using XTrace.Flows;
using XTrace.Messages;

namespace XTrace;

/// <summary>
/// Which flows are wanted, in the words of Get-FlowStat's parameters. An empty list asks for everything; several lists must
/// all agree.
/// </summary>
public sealed class FlowFilter
{
    private const ushort DnsPort = 53; // RFC 1035 4.2

    /// <summary>The traffic types of the flows.</summary>
    public IReadOnlyCollection<TrafficType> TrafficType { get; init; } = [];

    /// <summary>Their IP protocols.</summary>
    public IReadOnlyCollection<IPProtocol> Protocol { get; init; } = [];

    /// <summary>
    /// Addresses, networks in CIDR notation, and names of hosts, which are resolved here and now to all of their addresses; the source or
    /// the destination is in one of them.
    /// </summary>
    /// <exception cref="XTraceException">One is none of these, or has no address.</exception>
    public IReadOnlyCollection<string> Address
    {
        get => [.. Networks.Select(network => $"{network}")];
        init => Networks = [.. value.SelectMany(ParseNetworks).Distinct()];
    }

    /// <summary>Ports; the source or the destination has one of them.</summary>
    public IReadOnlyCollection<ushort> Port { get; init; } = [];

    /// <summary>Leave out UDP and TCP from or to port 53.</summary>
    public bool ExcludeDns { get; init; }

    /// <summary>Whether it asks for everything.</summary>
    public bool IsEmpty => TrafficType.Count == 0 && Protocol.Count == 0 && Networks.Count == 0 && Port.Count == 0 && !ExcludeDns;

    /// <summary>The networks of <see cref="Address"/>.</summary>
    internal IReadOnlyCollection<IPNetwork> Networks { get; init; } = [];

    internal bool Matches(in FlowKey key) =>
        (TrafficType.Count == 0 || TrafficType.Contains(FlowFields.TrafficTypeOf(key)))
        && (Protocol.Count == 0 || (!FlowFields.IsEthernet(key) && Protocol.Contains((IPProtocol)key.Protocol)))
        && (Port.Count == 0 || MatchesPort(key))
        && (!ExcludeDns || !IsDns(key))
        && (Networks.Count == 0 || MatchesNetwork(key));

    /// <summary>The networks of an address, a network in CIDR notation or a host's name.</summary>
    /// <exception cref="XTraceException">It is none of these, or has no address.</exception>
    private static IPNetwork[] ParseNetworks(string text) =>
        TryParseNetwork(text, out IPNetwork network) ? [network]
        : MayBeHostName(text) ? Resolve(text)
        : throw new XTraceException(FlowMessages.InvalidAddress, text, text);

    /// <summary>
    /// Letters, digits, hyphens and underscores between dots, RFC 1123 2.1, with a letter in the last label: 10.1 is no name.
    /// </summary>
    private static bool MayBeHostName(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && text.TrimEnd('.').Split('.')[^1].Any(char.IsAsciiLetter);

    private static IPNetwork[] Resolve(string name)
    {
        try
        {
            return [.. Dns.GetHostAddresses(name).Select(address => new IPNetwork(
                new IPAddress(address.GetAddressBytes()), address.GetAddressBytes().Length * 8))];
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            throw new XTraceException(error, FlowMessages.HostNotFound, name, name, error.Message);
        }
    }

    /// <summary>Parses an address or a network in CIDR notation; bits behind the prefix are ignored.</summary>
    private static bool TryParseNetwork(string text, out IPNetwork network)
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
                network = new IPNetwork(Mask(address, prefix), prefix);
                return true;
            }
        }
        network = default;
        return false;
    }

    /// <summary>The filter in the words of Get-FlowStat's parameters. An empty filter is an empty text.</summary>
    public override string ToString() => string.Join("; ", new[]
    {
        List("TrafficType", TrafficType),
        List("Protocol", Protocol),
        List("Address", Networks),
        List("Port", Port),
        ExcludeDns ? "ExcludeDns" : "",
    }.Where(part => part.Length > 0));

    private static string List<T>(string name, IReadOnlyCollection<T> values) =>
        values.Count == 0 ? "" : $"{name} {string.Join(", ", values)}";

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
        && (Port.Contains(FlowFields.SourcePortOf(key)) || Port.Contains(FlowFields.DestinationPortOf(key)));

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
