using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;
using XTrace.Exporter.ClickHouse;
using XTrace.Exporter.Http;
using XTrace.Flows;
using XTrace.Sessions;
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
    private readonly ITestOutputHelper _output;

    public ClickHouseTests(ITestOutputHelper output) => (_web, _output) = (new Web(_pair), output);

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
            server.Ask(
                "SELECT any(Host), any(Interface), any(Direction), max(abs(toUInt32(now()) - toUInt32(Time))) < 120"
                + " FROM xtrace.flows"));
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

    /// <summary>
    /// One exporter with a CPU of its own inserts at least 200,000 rows a second. The CPU time for two million rows is measured.
    /// </summary>
    [Trait("Category", "Machine")]
    [Fact]
    public void Less_than_a_second_of_CPU_time_goes_into_200_000_rows()
    {
        const int Rows = 2_000_000;
        using VethPair here = new(watchedEndHere: true);
        using Web web = new(here);
        using ClickHouseServer server = new(here, web);
        HttpAccess access = new(new HttpCredentials(null), new TlsOptions(null, null, null));
        using ClickHouseOutput output = new(
            new ClickHouseOptions(new Uri(ClickHouseServer.Url), "xtrace.flows", Owners: false, access, TimeSpan.FromSeconds(1), 1L << 30));
        GeneratedRecords records = new();
        FlowRecord[] some = [.. Enumerable.Range(0, 100_000).Select(_ => records.Next())];
        ClockCalibration clock = new(1_000_000, 0, DateTime.UtcNow, 4_000_000);
        output.Start();
        Stopwatch time = Stopwatch.StartNew();
        (TimeSpan own, TimeSpan others) = (Environment.CpuUsage.TotalTime, server.CpuTime);
        for (int i = 0; i < Rows; i += 1000)
        {
            output.Add(some.AsSpan(i % some.Length, 1000), clock);
        }
        output.Take(new ExportSample
        {
            Flows = new FlowSample(new FlowFilter()), Records = Rows, Totals = default, Outputs = [], IsLast = true,
        });
        output.Finish(TimeSpan.FromMinutes(1));
        time.Stop();
        (own, others) = (Environment.CpuUsage.TotalTime - own, server.CpuTime - others);
        _output.WriteLine(
            $"{Rows / time.Elapsed.TotalSeconds:F0} rows a second; CPU time for all {Rows}: {own.TotalSeconds:F1} s,"
            + $" the server's {others.TotalSeconds:F1} s");
        Assert.Equal((Rows, 0), ((int)output.Health!.Value.Sent.Flows, (int)output.Health.Value.GivenUp.Flows));
        Assert.Equal($"{Rows}", server.Ask("SELECT count() FROM xtrace.flows"));
        // Other load on the machine can make it take longer, and takes no CPU time of either.
        Assert.InRange(own.TotalSeconds, 0, Rows / 200_000.0);
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
