using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using static XTrace.Testbed.Frames;

namespace XTrace.Exporter.Tests;

/// <summary>Collectors that people run receive the flows that were sent: packets and bytes of each are exact.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class IpfixTests : IDisposable
{
    private const string Fast = "-t 500 --idle-timeout 1 --active-timeout 2 --ipfix";

    private readonly VethPair _pair = ExporterPair.Create();

    public void Dispose() => _pair.Dispose();

    [Theory]
    [InlineData("udp", "127.0.0.1")]
    [InlineData("udp", "[::1]")]
    [InlineData("tcp", "127.0.0.1")]
    [InlineData("tcp", "[::1]")]
    public void Every_kind_of_flow_is_received_exactly(string transport, string address)
    {
        using IpfixCollector collector = new(_pair, transport, 4739);
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Fast} {transport}://{address} --ipfix-domain 77");
        SendOneOfEach();
        exporter.WaitUntil(() => collector.Flows.Count() >= s_kinds.Length ? "all" : null, "all flows");
        exporter.Stop();
        collector.Finish();
        collector.AssertSequence();
        foreach ((byte[] frame, int count, string record) in s_kinds)
        {
            JsonElement expected = JsonDocument.Parse(record).RootElement;
            JsonElement flow = Assert.Single(collector.Flows, flow => Matches(flow, expected));
            Assert.Equal(
                (count, count * frame.Length, count * frame.Length, 77, 1),
                (Sum.Get(flow, "packetDeltaCount"), Sum.Get(flow, "octetDeltaCount"), Sum.Get(flow, "layer2OctetDeltaCount"),
                    Sum.Get(flow, "domain"), Sum.Get(flow, "flowEndReason")));
            double start = flow.GetProperty("flowStartMilliseconds").GetDouble();
            Assert.InRange(flow.GetProperty("flowEndMilliseconds").GetDouble() - start, 0, 1);
        }
        Assert.Equal(s_kinds.Length, collector.Flows.Count());
        AssertConserved(collector);
    }

    [Fact]
    public void The_usual_collectors_store_the_same_flows_and_a_decoder_has_no_complaint()
    {
        const int Flows = 500;
        using Nfcapd nfcapd = new(_pair, 9995);
        using Nfacctd nfacctd = new(_pair, 9996);
        using IpfixCollector python = new(_pair, "tcp", 9997);
        using Tshark tshark = new(_pair, ("udp", 9995), ("udp", 9996), ("tcp", 9997));
        using ExporterProcess exporter = ExporterProcess.Start(
            _pair, $"{Fast} udp://127.0.0.1:9995,udp://127.0.0.1:9996,tcp://127.0.0.1:9997 --ipfix-mtu 1280");
        List<StoredFlow> sent = [];
        for (int i = 1; i <= Flows; i++)
        {
            byte[] four = Udp4("10.0.0.1", i, "10.0.0.2", 2, i);
            byte[] six = Tcp6("2001:db8::1", i, "2001:db8::2", 443, i);
            _pair.Send(four, (i % 3) + 1);
            _pair.Send(six);
            sent.Add(new StoredFlow("10.0.0.1", "10.0.0.2", i, 2, (i % 3) + 1, ((i % 3) + 1) * four.Length));
            sent.Add(new StoredFlow("2001:db8::1", "2001:db8::2", i, 443, 1, six.Length));
        }
        exporter.WaitUntil(() => python.Flows.Count() >= sent.Count && nfacctd.Flows.Length >= sent.Count ? "all" : null, "all flows");
        exporter.Stop();
        python.Finish();
        IEnumerable<StoredFlow> expected = sent.Order(s_order);
        Assert.Equal(expected, nfcapd.Finish().Order(s_order));
        Assert.Equal(expected, nfacctd.Flows.Order(s_order));
        Assert.Equal(expected, python.Flows.Select(Store).Order(s_order));
        (string[] complaints, Sum decoded) = tshark.Finish("udp.dstport == 9995");
        Assert.Empty(complaints);
        Assert.Equal(new Sum(sent.Count, sent.Sum(flow => flow.Packets), sent.Sum(flow => flow.Bytes)), decoded);
    }

    /// <summary>A flow that goes on has a record for each active timeout; what all of them say is what was sent.</summary>
    [Fact]
    public void A_flow_that_goes_on_is_reported_again_and_again()
    {
        using IpfixCollector collector = new(_pair, "udp", 4739);
        using ExporterProcess exporter = ExporterProcess.Start(_pair, "-t 200 --idle-timeout 2 --active-timeout 1 --ipfix udp://127.0.0.1");
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);
        for (int i = 0; i < 60; i++)
        {
            _pair.Send(frame, 10);
            Thread.Sleep(50);
        }
        exporter.WaitUntil(() => collector.Sum.Packets >= 600 ? "all" : null, "all packets");
        exporter.Stop();
        collector.Finish();
        JsonElement[] records = [.. collector.Flows];
        Assert.InRange(records.Length, 3, 6);
        Assert.All(records[..^1], record => Assert.Equal(2, Sum.Get(record, "flowEndReason")));
        Assert.Equal(new Sum(records.Length, 600, 600 * frame.Length), collector.Sum);
        foreach ((JsonElement before, JsonElement record) in records.Zip(records.Skip(1)))
        {
            double start = record.GetProperty("flowStartMilliseconds").GetDouble();
            Assert.InRange(start - before.GetProperty("flowEndMilliseconds").GetDouble(), -0.05, 0.3);
        }
        AssertConserved(collector);
    }

    [Fact]
    public void Over_TLS_a_collector_is_trusted_that_an_authority_vouches_for()
    {
        using Certificates certificates = new();
        using IpfixCollector collector = new(
            _pair, "tls", 4740, certificates.PathTo("collector.crt"), certificates.PathTo("collector.key"), certificates.PathTo("ca.crt"));
        string own = $"--tls-cert {certificates.PathTo("exporter.crt")} --tls-key {certificates.PathTo("exporter.key")}";
        using ExporterProcess stranger = ExporterProcess.Start(_pair, $"{Fast} tls://localhost {own}");
        stranger.WaitFor("tls://localhost:4740: cannot send");
        stranger.Stop();
        Assert.Empty(collector.Flows);
        using ExporterProcess exporter = ExporterProcess.Start(
            _pair, $"{Fast} tls://localhost --tls-ca {certificates.PathTo("ca.crt")} {own}");
        SendOneOfEach();
        exporter.WaitUntil(() => collector.Flows.Count() >= s_kinds.Length ? "all" : null, "all flows");
        exporter.Stop();
        collector.Finish();
        collector.AssertSequence();
        AssertConserved(collector);
    }

    /// <summary>A collector that moves is found when templates are sent again: they go first to where it is now.</summary>
    [Fact]
    public void Over_UDP_the_collectors_name_is_resolved_again()
    {
        using EngineFolder folder = new();
        string hosts = folder.Write("hosts", "127.0.0.2 collector\n");
        using UdpClient first = Listen("127.0.0.2"), second = Listen("127.0.0.3");
        using Child exporter = new(
            _pair, "unshare", "--mount", "sh", "-c",
            $"mount --bind {hosts} /etc/hosts && exec {Repository.PathOf("out/xtrace-exporter")} "
                + $"-i {_pair.Interface} {Fast} udp://collector --ipfix-refresh 1");
        exporter.WaitFor("Watching");
        Assert.Equal(TemplateSet, SetOf(first));
        File.WriteAllText(hosts, "127.0.0.3 collector\n");
        _pair.SendFlows(100);
        Assert.Equal(TemplateSet, SetOf(second));
        exporter.Stop();

        UdpClient Listen(string address) => _pair.Run(() => new UdpClient(new IPEndPoint(IPAddress.Parse(address), 4739)));

        // The number of the first set in a message, behind the header.
        static int SetOf(UdpClient client)
        {
            client.Client.ReceiveTimeout = 30_000;
            IPEndPoint? from = null;
            return BinaryPrimitives.ReadUInt16BigEndian(client.Receive(ref from).AsSpan(16));
        }
    }

    /// <summary>A datagram to nobody is sent without an error; that nobody listens is known a moment later.</summary>
    [Fact]
    public void Over_UDP_it_is_said_once_that_nobody_listens_and_once_that_somebody_does()
    {
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Fast} udp://127.0.0.1");
        exporter.WaitFor("cannot send");
        for (int i = 0; i < 10; i++)
        {
            _pair.SendFlows(100, first: i * 100);
            Thread.Sleep(1000);
        }
        Assert.DoesNotContain("sending works again", string.Join('\n', exporter.Lines), StringComparison.Ordinal);
        using IpfixCollector collector = new(_pair, "udp", 4739, "sum");
        exporter.WaitFor("sending works again");
        exporter.Stop();
        Assert.Single(exporter.Lines, line => line.Contains("cannot send", StringComparison.Ordinal));
        Assert.Single(exporter.Lines, line => line.Contains("sending works again", StringComparison.Ordinal));
    }

    private const int TemplateSet = 2;

    private static readonly Comparer<StoredFlow> s_order = Comparer<StoredFlow>.Create((one, other) =>
        (one.Source, one.SourcePort).CompareTo((other.Source, other.SourcePort)));

    private static readonly (byte[] Frame, int Count, string Record)[] s_kinds =
    [
        (Udp4("10.0.0.1", 1000, "10.0.0.2", 53, 40), 3,
            """
            {"sourceIPv4Address":"10.0.0.1","destinationIPv4Address":"10.0.0.2","sourceTransportPort":1000,"destinationTransportPort":53,
            "protocolIdentifier":17,"vlanId":0,"flowDirection":0}
            """),
        (Tcp6("2001:db8::1", 1000, "2001:db8::2", 443, 99), 2,
            """
            {"sourceIPv6Address":"2001:db8::1","destinationIPv6Address":"2001:db8::2","sourceTransportPort":1000,
            "destinationTransportPort":443,"protocolIdentifier":6}
            """),
        (Udp6("2001:db8::1", 7, "2001:db8::2", 8, 9, [42]), 4,
            """{"sourceTransportPort":7,"destinationTransportPort":8,"protocolIdentifier":17,"vlanId":42}"""),
        (Icmp4("10.0.0.1", "10.0.0.2", 8, 0, 56), 5, """{"protocolIdentifier":1,"icmpTypeCodeIPv4":2048,"sourceTransportPort":0}"""),
        (Icmp6("2001:db8::1", "2001:db8::2", 128, 0, 56), 6, """{"protocolIdentifier":58,"icmpTypeCodeIPv6":32768}"""),
        (RoceV2("10.0.0.1", 49152, "10.0.0.2", 0x1234, 0x0a, 256), 7,
            """
            {"sourceIPv4Address":"10.0.0.1","destinationTransportPort":4791,"protocolIdentifier":17,"destinationQueuePair":4660,
            "bthOpcode":10}
            """),
        (RoceV1("2001:db8::1", "2001:db8::2", 0x777, 0x04, 256), 8,
            """{"sourceIPv6Address":"2001:db8::1","destinationTransportPort":0,"destinationQueuePair":1911,"bthOpcode":4}"""),
        (Arp("10.0.0.1", "10.0.0.2"), 9, """{"ethernetType":2054}"""),
    ];

    private void SendOneOfEach()
    {
        foreach ((byte[] frame, int count, _) in s_kinds)
        {
            _pair.Send(frame, count);
        }
    }

    /// <summary>Records, ignored and not sent are what the interface has received.</summary>
    private void AssertConserved(IpfixCollector collector)
    {
        (long packets, long bytes) = _pair.Received();
        Sum sum = collector.Sum;
        Assert.Equal(
            (packets, bytes),
            (sum.Packets + Sum.Get(collector.Interface, "ignoredPacketTotalCount") + Sum.Get(collector.Process, "notSentPacketTotalCount"),
                sum.Bytes + Sum.Get(collector.Interface, "ignoredOctetTotalCount") + Sum.Get(collector.Process, "notSentOctetTotalCount")));
        Assert.Equal(
            (packets, bytes), (Sum.Get(collector.Interface, "packetTotalCount"), Sum.Get(collector.Interface, "layer2OctetTotalCount")));
    }

    private static bool Matches(JsonElement flow, JsonElement expected) => expected.EnumerateObject().All(property =>
        flow.TryGetProperty(property.Name, out JsonElement value) && value.ToString() == property.Value.ToString());

    private static StoredFlow Store(JsonElement flow)
    {
        string version = flow.TryGetProperty("sourceIPv4Address", out _) ? "IPv4" : "IPv6";
        return new StoredFlow(
            flow.GetProperty($"source{version}Address").GetString()!,
            flow.GetProperty($"destination{version}Address").GetString()!,
            (int)Sum.Get(flow, "sourceTransportPort"),
            (int)Sum.Get(flow, "destinationTransportPort"),
            Sum.Get(flow, "packetDeltaCount"),
            Sum.Get(flow, "octetDeltaCount"));
    }
}
