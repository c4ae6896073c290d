using XTrace.Programs;

namespace XTrace.Exporter.Ipfix;

/// <summary>The address of a collector: <c>udp://host:4739</c>, <c>tcp://host:4739</c>, <c>tls://host:4740</c>.</summary>
internal sealed record IpfixAddress(string Scheme, string Host, int Port)
{
    internal const string Udp = "udp";
    internal const string Tcp = "tcp";
    internal const string Tls = "tls";

    private const int DefaultPort = 4739; // IANA: ipfix
    private const int DefaultTlsPort = 4740; // IANA: ipfixs

    /// <exception cref="XTraceException">The text is no such address.</exception>
    internal static IpfixAddress Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
        && address is { Scheme: Udp or Tcp or Tls, Host.Length: > 0, UserInfo: "", PathAndQuery: "" or "/", Fragment: "" }
        && address.Port != 0
            ? new IpfixAddress(address.Scheme, address.IdnHost, address switch
            {
                { Port: > 0 } => address.Port,
                { Scheme: Tls } => DefaultTlsPort,
                _ => DefaultPort,
            })
            : throw Arguments.Wrong(Messages.WrongCollector(text));

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? $"{Scheme}://[{Host}]:{Port}"
        : $"{Scheme}://{Host}:{Port}";
}
