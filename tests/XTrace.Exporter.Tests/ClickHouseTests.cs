using System.Globalization;
using static XTrace.Testbed.Frames;

namespace XTrace.Exporter.Tests;

/// <summary>ClickHouse has every record once, with exact sums.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class ClickHouseTests : IDisposable
{
    private const string Fast = $"--idle-timeout 1 --active-timeout 2 --clickhouse-batch 1 --clickhouse {ClickHouseServer.Url}";
    private const string Sums = "SELECT count(), sum(Packets), sum(Bytes) FROM xtrace.flows";

    private readonly VethPair _pair = ExporterPair.Create();
    private readonly EngineFolder _folder = new();
    private readonly Web _web;

    public ClickHouseTests() => _web = new Web(_pair);

    public void Dispose()
    {
        _web.Dispose();
        _folder.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public void Each_kind_of_flow_is_a_row_with_its_own_columns()
    {
        using ClickHouseServer server = new(_pair, _web);
        string password = _folder.Write("password", "xtrace:s3cret\n");
        using Child exporter = MetricsProcess.Start(
            _pair, _web, $"{Fast} --clickhouse-auth {password}");
        _pair.Send(Udp4("10.0.0.1", 1234, "10.0.0.2", 53, 10), 3);
        _pair.Send(Tcp6("2001:db8::1", 50000, "2001:db8::2", 443, 100), 2);
        _pair.Send(Icmp4("10.0.0.1", "10.0.0.2", 8, 0, 56));
        _pair.Send(RoceV2("10.0.0.1", 49152, "10.0.0.2", 0x12, 4, 256), 5);
        _pair.Send(Pad(Arp("10.0.0.1", "10.0.0.2")));
        exporter.Stop();
        Assert.Equal(
            """
            Ethernet	::	1	0	0	2054	0	0	0	1	60
            ICMP	::ffff:10.0.0.1	0	1	0	0	8	0	0	1	98
            RoCEv2	::ffff:10.0.0.1	0	17	0	0	0	18	4	5	1570
            TCP	2001:db8::1	0	6	443	0	0	0	0	2	348
            UDP	::ffff:10.0.0.1	0	17	53	0	0	0	0	3	156
            """,
            server.Ask(
                "SELECT TrafficType, IPv6NumToString(SrcAddr), SrcMac != 0, Protocol, DstPort, EtherType, IcmpType, DstQueuePair, Opcode,"
                + " Packets, Bytes FROM xtrace.flows ORDER BY TrafficType"));
        Assert.Equal(
            $"{Environment.MachineName}\t{_pair.Interface}\tingress\t1",
            server.Ask("SELECT any(Host), any(Interface), any(Direction), max(abs(toUInt32(now()) - toUInt32(Time))) < 120 FROM xtrace.flows"));
    }

    [Trait("Category", "Machine")]
    [Fact]
    public void A_server_that_goes_away_for_a_while_has_all_rows_once()
    {
        using ClickHouseServer server = new(_pair, _web);
        using Child exporter = MetricsProcess.Start(_pair, _web, Fast);
        _pair.SendFlows(5000);
        Web.Until(() => server.Ask("SELECT count() > 0 FROM xtrace.flows") == "1", "the first rows");
        server.Stop();
        _pair.SendFlows(5000, first: 5000);
        exporter.WaitFor("cannot send");
        _pair.SendFlows(5000, first: 10_000);
        Thread.Sleep(2000);
        server.Start();
        exporter.WaitFor("sending works again");
        _pair.SendFlows(1000, first: 15_000);
        exporter.Stop();
        (long packets, long bytes) = _pair.Received();
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"16000\t{packets}\t{bytes}"), server.Ask(Sums));
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"16000\t{packets}\t{bytes}"),
            server.Ask("SELECT sum(Records), sum(Packets), sum(Bytes) FROM xtrace.flows_by_minute"));
    }

    [Theory]
    [InlineData("--clickhouse server:8123", "give a URL")]
    [InlineData("--clickhouse http://server:8123 --clickhouse-table a;b", "give DATABASE.TABLE")]
    public void What_is_wrong_is_told_with_what_to_do(string arguments, string told)
    {
        using Child exporter = new(_pair, Repository.PathOf("out/xtrace-exporter"), [.. arguments.Split(' '), "-i", _pair.Interface]);
        Assert.Equal(2, exporter.End());
        Assert.Contains(told, string.Join('\n', exporter.Lines), StringComparison.Ordinal);
    }
}
