using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Exporter.Tests;

/// <summary>The promise: records + ignored + not sent = frames of the interface, whatever happens to collectors and exporters.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class ConservationTests : IDisposable
{
    private const int Million = 1_000_000;
    private const string Often = "-t 500 --idle-timeout 2 --active-timeout 5";

    private readonly VethPair _pair = ExporterPair.Create();

    public void Dispose() => _pair.Dispose();

    [Theory]
    [InlineData("tcp", "--buffer 256")]
    [InlineData("tcp", "--buffer 1")]
    [InlineData("udp", "--buffer 256")]
    public void A_million_flows_go_through_a_table_of_65536(string transport, string buffer)
    {
        using IpfixCollector collector = new(_pair, transport, 4739, "sum");
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Often} --max-flow 65536 {buffer} --ipfix {transport}://127.0.0.1");
        _pair.SendFlows(Million);
        AssertConserved(exporter, collector);
    }

    /// <summary>Flows that a filter leaves out are ignored, in the kernel's table or in the exporter's samples.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_filtered_is_ignored(bool pinned)
    {
        if (pinned)
        {
            _pair.Run(() => Pin());
        }
        using IpfixCollector collector = new(_pair, "tcp", 4739, "sum");
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Often} --filter tcp --ipfix tcp://127.0.0.1");
        _pair.SendFlows(1000);
        _pair.Send(Frames.Tcp4("10.0.0.1", 1, "10.0.0.2", 2), 7);
        AssertConserved(exporter, collector);
        Assert.Equal((1, 7), (collector.Sum.Flows, collector.Sum.Packets));
        Assert.Equal(1000, Sum.Get(collector.Interface, "ignoredPacketTotalCount"));
    }

    /// <summary>A collector that hangs, as one that is held up does: its exporter's buffer is too small for what comes meanwhile.</summary>
    [Trait("Category", "Machine")]
    [Fact]
    public void A_collector_that_hangs_for_30_seconds_is_told_what_was_given_up()
    {
        using IpfixCollector collector = new(_pair, "tcp", 4739, "sum");
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Often} --buffer 1 --ipfix tcp://127.0.0.1 --ipfix-refresh 1");
        _pair.SendFlows(5_000);
        collector.WaitUntil(() => collector.Sum.Flows >= 5_000 ? "all" : null, "the first flows");
        collector.Signal("STOP");
        SendForHalfAMinute();
        collector.Signal("CONT");
        AssertConserved(exporter, collector);
        Assert.InRange(Sum.Get(collector.Process, "notSentPacketTotalCount"), 1, 300_000);
    }

    /// <summary>One that ends and comes back is another connection: what it had not confirmed is sent again.</summary>
    [Trait("Category", "Machine")]
    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void A_collector_that_is_away_for_30_seconds_is_told_what_was_given_up(string transport)
    {
        Sum before;
        using ExporterProcess exporter = ExporterProcess.Start(
            _pair, $"{Often} --buffer 1 --ipfix {transport}://127.0.0.1 --ipfix-refresh 1");
        using (IpfixCollector first = new(_pair, transport, 4739, "sum"))
        {
            _pair.SendFlows(5_000);
            first.WaitUntil(() => first.Sum.Flows >= 5_000 ? "all" : null, "the first flows");
            first.Finish();
            before = first.Sum;
        }
        SendForHalfAMinute();
        exporter.WaitFor("cannot send");
        using IpfixCollector second = new(_pair, transport, 4739, "sum");
        exporter.WaitFor("sending works again");
        AssertConserved(exporter, second, before);
        Assert.InRange(Sum.Get(second.Process, "notSentPacketTotalCount"), 1, 300_000);
    }

    /// <summary>The monitor goes on counting. The next exporter begins with what comes after it has begun.</summary>
    [Fact]
    public void After_a_kill_the_pinned_monitor_goes_on_and_no_flow_is_counted_twice()
    {
        _pair.Run(() => Pin());
        using IpfixCollector collector = new(_pair, "tcp", 4739, "sum");
        using (ExporterProcess killed = ExporterProcess.Start(_pair, $"{Often} --ipfix tcp://127.0.0.1"))
        {
            _pair.SendFlows(50_000);
            collector.WaitUntil(() => collector.Sum.Flows > 0 ? "some" : null, "flows");
            killed.Signal("KILL");
            killed.End();
        }
        // What was on its way when it was killed arrives all the same.
        long first;
        do
        {
            first = collector.Sum.Packets;
            Thread.Sleep(2000);
        }
        while (collector.Sum.Packets != first);
        _pair.SendFlows(1000, first: 50_000);
        (long before, long bytesBefore) = _pair.Received();
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Often} --ipfix tcp://127.0.0.1");
        // Flows that the first one knew, and new ones.
        _pair.SendFlows(60_000);
        exporter.WaitUntil(() => collector.Sum.Packets >= first + 60_000 ? "all" : null, "all flows");
        exporter.Stop();
        collector.Finish();
        (long packets, long bytes) = _pair.Received();
        Assert.Equal(60_000, packets - before);
        Assert.Equal(
            (packets - before, bytes - bytesBefore),
            (Sum.Get(collector.Interface, "packetTotalCount"), Sum.Get(collector.Interface, "layer2OctetTotalCount")));
        Assert.Equal(packets - before, collector.Sum.Packets - first);
        Assert.InRange(first, 1, 50_000);
        Assert.Equal(0, Sum.Get(collector.Process, "notSentPacketTotalCount"));
    }

    private void SendForHalfAMinute()
    {
        for (int second = 0; second < 30; second++)
        {
            _pair.SendFlows(10_000, first: 100_000 + (second * 10_000));
            Thread.Sleep(900);
        }
    }

    private void Pin()
    {
        NetInterface target = NetInterfaces.List().Single(target => target.Name == _pair.Interface);
        Assert.Single(MonitorStore.Start(
            [(target, FlowDirection.Ingress)],
            new MonitorOptions(),
            force: false,
            notice => Assert.True(notice.Level != NoticeLevel.Error, notice.Text)));
    }

    /// <summary>Ends the exporter when the collector has all, and adds up.</summary>
    private void AssertConserved(ExporterProcess exporter, IpfixCollector collector, Sum before = default)
    {
        // Nothing new for so long that all flows are over and all messages are there.
        Sum last = default;
        for (int quiet = 0; quiet < 6; last = collector.Sum)
        {
            Thread.Sleep(1000);
            quiet = collector.Sum == last ? quiet + 1 : 0;
        }
        exporter.Stop();
        collector.Finish();
        (long packets, long bytes) = _pair.Received();
        Sum sum = before + collector.Sum;
        long ignored = Sum.Get(collector.Interface, "ignoredPacketTotalCount");
        long notSent = Sum.Get(collector.Process, "notSentPacketTotalCount");
        Assert.Equal((packets, packets), (Sum.Get(collector.Interface, "packetTotalCount"), sum.Packets + ignored + notSent));
        Assert.Equal(
            bytes,
            sum.Bytes + Sum.Get(collector.Interface, "ignoredOctetTotalCount") + Sum.Get(collector.Process, "notSentOctetTotalCount"));
        collector.AssertSequence();
    }
}
