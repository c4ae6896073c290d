using System.Text.Json;

namespace XTrace.Exporter.Tests;

/// <summary>--owners: records have the process at the flow's end on this machine, also when it has ended by then.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class OwnerTests : IDisposable
{
    private const string Fast = "-t 500 --idle-timeout 2 --active-timeout 60 --direction both";

    private readonly VethPair _pair = ExporterPair.Create();

    public OwnerTests() => _pair.AddAddresses();

    public void Dispose() => _pair.Dispose();

    [Fact]
    public void Ipfix_has_process_and_container_as_elements_of_the_enterprise_and_a_decoder_has_no_complaint()
    {
        using IpfixCollector collector = new(_pair, "tcp", 4739);
        using Tshark tshark = new(_pair, ("tcp", 4739));
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Fast} --owners --ipfix tcp://127.0.0.1");
        int server = Talk();
        exporter.WaitUntil(() => FlowsFrom(collector, 5000).Length >= 2 && FlowsFrom(collector, 2).Length == 1 ? "all" : null, "the flows");
        exporter.Stop();
        collector.Finish();
        collector.AssertSequence();
        Assert.All(
            FlowsFrom(collector, 5000),
            flow => Assert.Equal((server, "peer", ""), (
                (int)Sum.Get(flow, "processId"),
                flow.GetProperty("processName").GetString(),
                flow.GetProperty("containerId").GetString())));
        // A frame from nowhere has no socket.
        Assert.False(Assert.Single(FlowsFrom(collector, 2)).TryGetProperty("processId", out _));
        (string[] complaints, _) = tshark.Finish("tcp.dstport == 4739");
        Assert.Empty(complaints);
    }

    [Fact]
    public void Collectors_that_do_not_know_the_elements_store_the_flows_all_the_same()
    {
        using Nfcapd nfcapd = new(_pair, 9995);
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Fast} --owners --ipfix udp://127.0.0.1:9995");
        Talk();
        Thread.Sleep(4000);
        exporter.Stop();
        StoredFlow[] flows = nfcapd.Finish();
        Assert.Contains(flows, flow => flow is { Source: VethPair.PeerAddress, DestinationPort: 5000 });
        Assert.Contains(flows, flow => flow is { Source: VethPair.Address, SourcePort: 5000 });
        Assert.Contains(flows, flow => flow is { DestinationPort: 2, Packets: 1 });
    }

    [Fact]
    public void ClickHouse_has_them_as_columns()
    {
        using Web web = new(_pair);
        using ClickHouseServer clickHouse = new(_pair, web);
        clickHouse.AddOwners();
        using ExporterProcess exporter = ExporterProcess.Start(
            _pair, $"{Fast} --owners --clickhouse-batch 1 --clickhouse {ClickHouseServer.Url}");
        int server = Talk();
        Thread.Sleep(4000);
        exporter.Stop();
        Assert.Equal(
            $"2\t0\t\t\n5000\t{server}\tpeer\t",
            clickHouse.Ask(
                "SELECT DstPort, ProcessId, ProcessName, Container FROM xtrace.flows WHERE DstPort IN (2, 5000) ORDER BY DstPort")
                .Replace("\r", "", StringComparison.Ordinal) + "\t");
    }

    /// <summary>Nobody pays for what nobody asked for.</summary>
    [Fact]
    public void Without_the_option_no_record_has_them()
    {
        using IpfixCollector collector = new(_pair, "tcp", 4739);
        using ExporterProcess exporter = ExporterProcess.Start(_pair, $"{Fast} --ipfix tcp://127.0.0.1");
        Talk();
        exporter.WaitUntil(() => FlowsFrom(collector, 5000).Length >= 2 ? "all" : null, "the flows");
        exporter.Stop();
        collector.Finish();
        Assert.All(FlowsFrom(collector, 5000), flow => Assert.False(flow.TryGetProperty("processId", out _)));
    }

    /// <summary>A connection that is over soon, and a frame from nowhere.</summary>
    /// <returns>The process here.</returns>
    private int Talk()
    {
        using Peer server = Peer.In(_pair.Namespace!, "listen", VethPair.Address, "5000");
        using (Peer client = Peer.In(_pair.PeerNamespace, "connect", VethPair.Address, "5000", "1", "5000"))
        {
            _pair.Send(Frames.Tcp4("10.1.1.1", 1000, "10.2.2.2", 2));
            Thread.Sleep(1200);
        }
        return server.Id;
    }

    private static JsonElement[] FlowsFrom(IpfixCollector collector, int port) =>
        [.. collector.Flows.Where(flow => PortOf(flow, "source") == port || PortOf(flow, "destination") == port)];

    private static long PortOf(JsonElement flow, string end) =>
        flow.TryGetProperty($"{end}TransportPort", out JsonElement port) ? port.GetInt64() : 0;
}
