using System.Text.Json;

namespace XTrace.Cli.Tests;

/// <summary>--json: objects on standard output, and nothing beside them.</summary>
public sealed class JsonTests
{
    [Fact]
    [Trait("Category", "Privileged")]
    public void A_flow_is_a_line_with_every_property_of_FlowStat()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1500 --json --once");
        run.WaitUntilNoted(2);
        pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000, payload: 58), 7);
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        using JsonDocument flow = JsonDocument.Parse(Assert.Single(output.TrimEnd().Split('\n')));
        Assert.Equal(Names(typeof(FlowStat)), flow.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            [pair.Interface, "Ingress", "UDP", "UDP", "10.0.0.1", "10.0.0.2"],
            Texts(flow, "InterfaceAlias", "Direction", "TrafficType", "Protocol", "SourceAddress", "DestinationAddress"));
        Assert.Equal(
            ["443", "4000", "7", "700", "null", "null", "false"],
            Raw(flow, "SourcePort", "DestinationPort", "Packets", "Bytes", "VlanId", "Opcode", "IsFragment"));
        Assert.InRange(flow.RootElement.GetProperty("PacketsPerSecond").GetDouble(), 0.1, 7);
        Assert.InRange(DateTime.Now - flow.RootElement.GetProperty("LastSeen").GetDateTime(), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.InRange(TimeSpan.Parse(flow.RootElement.GetProperty("Duration").GetString()!, null), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void RoCE_has_its_opcode_s_name_and_IPv6_its_colons()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 --json --once");
        run.WaitUntilNoted(2);
        pair.Send(Frames.RoceV1("fe80::1", "fe80::2", 194, 10));
        using JsonDocument flow = JsonDocument.Parse(run.End().Output);
        Assert.Equal(["RC_RDMA_WRITE_ONLY", "fe80::1", "RoCEv1"], Texts(flow, "Opcode", "SourceAddress", "TrafficType"));
        Assert.Equal(["194", "null"], Raw(flow, "DestinationQueuePair", "DestinationPort"));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void Several_interfaces_and_directions_are_told_by_the_objects()
    {
        using VethPair pair = new();
        pair.AddQuietInterface("second");
        using CatchProcess run = new(pair, $"-i second,{pair.Interface} --direction both -t 1000 --json --once");
        run.WaitUntilNoted(6);
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        (_, string output, string error) = run.End();
        using JsonDocument flow = JsonDocument.Parse(output);
        Assert.Equal("", error);
        Assert.Equal([pair.Interface, "Ingress"], Texts(flow, "InterfaceAlias", "Direction"));
    }

    [Theory]
    [InlineData("nccl", new[] { "port_rcv_data", "port_xmit_data", "np_cnp_sent" })]
    [InlineData("rdma", new[] { "port_rcv_data", "port_xmit_data" })]
    public void A_counter_is_a_line_with_every_property_of_RdmaCounter(string mode, string[] names)
    {
        using SysfsTree tree = new();
        string port = tree.AddPort(tree.AddDevice("mlx5_0", "mlx5_core", "0000:3b:00.0"));
        tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", "eth0");
        tree.Write($"{port}/counters/port_xmit_data", "1000");
        tree.Fail($"{port}/counters/port_rcv_data", 22);
        tree.Write($"{port}/hw_counters/np_cnp_sent", "7");
        using CatchProcess run = new(null, $"-m {mode} -t 500 --json", ("XTRACE_SYSFS_ROOT", tree.Root));
        JsonDocument[] counters = [.. names.Select(_ => JsonDocument.Parse(run.ReadLine()))];
        Assert.Equal(names.Order(), counters.Select(counter => Assert.Single(Texts(counter, "Name"))).Order());
        Assert.All(
            counters,
            counter => Assert.Equal(
                Names(typeof(RdmaCounter)), counter.RootElement.EnumerateObject().Select(property => property.Name)));
        JsonDocument sent = counters.Single(counter => Texts(counter, "Name") is ["port_xmit_data"]);
        Assert.Equal(
            ["mlx5_0", "eth0", "Counters", "Bytes", "Counter", "Traffic", "Ok"],
            Texts(sent, "Device", "InterfaceAlias", "Source", "Unit", "Kind", "Category", "Status"));
        Assert.Equal(
            ["1", "1000", "4000", "0", "0", "null"],
            Raw(sent, "Port", "RawValue", "Value", "Delta", "RatePerSecond", "ErrorCode"));
        JsonDocument failed = counters.Single(counter => Texts(counter, "Name") is ["port_rcv_data"]);
        Assert.Equal(["Failed"], Texts(failed, "Status"));
        Assert.Equal(["null", "22"], Raw(failed, "Value", "ErrorCode"));
        run.Signal("TERM");
        (int code, _, string error) = run.End();
        string counted = mode == "nccl" ? "NCCL RDMA" : "RDMA";
        Assert.Equal((0, $"Monitoring {counted}, all devices: mlx5_0 (-d chooses, Ctrl+C to stop)\n"), (code, error));
    }

    private static IEnumerable<string> Names(Type type) => type.GetProperties().Select(property => property.Name);

    private static string[] Texts(JsonDocument document, params string[] names) =>
        [.. names.Select(name => document.RootElement.GetProperty(name).GetString()!)];

    private static string[] Raw(JsonDocument document, params string[] names) =>
        [.. names.Select(name => document.RootElement.GetProperty(name).GetRawText())];
}
