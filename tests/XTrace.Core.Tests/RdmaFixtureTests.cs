using System.Globalization;
using System.Text.Json;
using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>Soft-RoCE devices copied from machines, against what the rdma tool said there at that moment.</summary>
[Collection("sysfs root")]
public sealed class RdmaFixtureTests
{
    [Theory]
    [InlineData("6.1-before")]
    [InlineData("6.1-after")]
    [InlineData("7.3-before")]
    [InlineData("7.3-after")]
    public void Every_value_is_that_of_rdma_statistic(string name)
    {
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{name}");
        using JsonDocument statistic = JsonDocument.Parse(File.ReadAllText(RdmaTree.Fixture($"rdma-statistic-{name}.json")));
        AssertSame(
            statistic.RootElement.EnumerateArray().SelectMany(link => link.EnumerateObject()
                .Where(field => field.Name is not ("ifname" or "port"))
                .Select(field => (
                    link.GetProperty("ifname").GetString()!, link.GetProperty("port").GetInt32(), field.Name, field.Value.GetUInt64()))));
    }

    [Fact]
    public void Every_value_is_that_of_rdma_statistic_under_loss()
    {
        using RdmaTree tree = RdmaTree.Unpack("rxe-7.3-loss");
        AssertSame(File.ReadLines(RdmaTree.Fixture("rdma-statistic-7.3-loss.txt"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .SelectMany(words => words[2..].Chunk(2).Select(pair =>
                (words[1].Split('/')[0], 1, pair[0], ulong.Parse(pair[1], CultureInfo.InvariantCulture)))));
    }

    [Theory]
    [InlineData("6.1-after", "link-6.1")]
    [InlineData("7.3-after", "link-7.3")]
    public void Devices_are_those_of_rdma_link(string name, string file)
    {
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{name}");
        using JsonDocument links = JsonDocument.Parse(File.ReadAllText(RdmaTree.Fixture($"rdma-{file}.json")));
        Assert.Equal(links.RootElement.EnumerateArray().Select(link => link.GetProperty("ifname").GetString()), RdmaDevices.Names);
        foreach (JsonElement link in links.RootElement.EnumerateArray())
        {
            RdmaDevice device = RdmaTree.Device(link.GetProperty("ifname").GetString()!);
            RdmaPort port = Assert.Single(device.Ports);
            Assert.Equal(link.GetProperty("port").GetInt32(), port.Port);
            Assert.Equal(link.GetProperty("state").GetString(), $"{port.State}".ToUpperInvariant());
            Assert.Equal("LINK_UP", link.GetProperty("physical_state").GetString());
            Assert.Equal(RdmaPhysicalState.LinkUp, port.PhysicalState);
            RdmaInterface netdev = Assert.Single(port.Interfaces);
            Assert.Equal((link.GetProperty("netdev").GetString(), RdmaInterfaceMethod.GidTable), (netdev.InterfaceAlias, netdev.FoundBy));
        }
    }

    [Theory]
    [InlineData("6.1-after", "6.1")]
    [InlineData("7.3-after", "7.3")]
    public void Ports_are_those_of_ibstat(string name, string kernel)
    {
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{name}");
        string[][] blocks = [.. File.ReadAllText(RdmaTree.Fixture($"ibstat-{kernel}.txt"))
            .Split("CA '", StringSplitOptions.RemoveEmptyEntries).Select(block => block.Split('\n', StringSplitOptions.TrimEntries))];
        Assert.Equal(2, blocks.Length);
        foreach (string[] block in blocks)
        {
            string Said(string label) => block.First(line => line.StartsWith(label + ": ", StringComparison.Ordinal))[(label.Length + 2)..];
            RdmaDevice device = RdmaTree.Device(block[0].TrimEnd('\''));
            RdmaPort port = Assert.Single(device.Ports);
            Assert.Equal(Said("Node GUID"), "0x" + device.NodeGuid!.Replace(":", "", StringComparison.Ordinal));
            Assert.Equal(Said("System image GUID"), "0x" + device.SystemImageGuid!.Replace(":", "", StringComparison.Ordinal));
            Assert.Equal(
                (Said("State"), Said("Physical state"), Said("Link layer")),
                ($"{port.State}", $"{port.PhysicalState}", port.LinkLayer));
            Assert.Equal(Said("Rate").Split(' ')[0], $"{port.BitsPerSecond / 1_000_000_000}");
            Assert.Equal("10 Gb/sec (1X FDR10)", port.Rate);
            Assert.Equal(int.Parse(Said("Base lid"), CultureInfo.InvariantCulture), port.Lid);
        }
    }

    [Fact]
    public void A_software_device_has_its_driver_and_no_hardware()
    {
        using RdmaTree tree = RdmaTree.Unpack("rxe-7.3-loss");
        RdmaDevice device = RdmaTree.Device("rxe0");
        Assert.Equal(("rdma_rxe", "CA", "rxe"), (device.Driver, device.NodeType, device.Description));
        Assert.Equal(
            (null, null, null, null, false),
            (device.Firmware, device.Board, device.PciAddress, device.NumaNode, device.IsVirtualFunction));
        Assert.Equal(["v0"], device.InterfaceAlias);
        Assert.Equal(
            [(0, "fe80::ff:fe00:1", "fe80::ff:fe00:1", "RoCE v2", "v0"), (1, "::ffff:10.9.0.1", "10.9.0.1", "RoCE v2", "v0")],
            device.Ports[0].Gids.Select(gid => (gid.Index, gid.Gid, gid.IPAddress, gid.Type, gid.InterfaceAlias)));
    }

    [Theory]
    [InlineData("6.1-down")]
    [InlineData("7.3-down")]
    public void A_port_whose_peer_went_down_says_so(string name)
    {
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{name}");
        RdmaPort port = Assert.Single(RdmaTree.Device("rxe0").Ports);
        Assert.Equal((RdmaPortState.Down, RdmaPhysicalState.Polling), (port.State, port.PhysicalState));
        using RdmaWatch sampler = RdmaTree.Sample();
        RdmaCounter downed = sampler.Counters().Single(
            counter => counter is { Device: "rxe0", Source: RdmaCounterSource.HwCounters, Name: "link_downed" });
        Assert.Equal(1ul, downed.Value);
    }

    [Fact]
    public void Port_counters_agree_with_the_driver_s_own()
    {
        using RdmaTree tree = RdmaTree.Unpack("rxe-7.3-loss");
        using RdmaWatch sampler = RdmaTree.Sample();
        Dictionary<string, RdmaCounter> counters = sampler.Counters()
            .Where(counter => counter.Device == "rxe0" && counter.Name != "link_downed")
            .ToDictionary(counter => counter.Name);
        Assert.Equal(9270889ul, counters["port_xmit_data"].RawValue);
        Assert.Equal(counters["sent_bytes"].Value, counters["port_xmit_data"].Value);
        Assert.Equal(counters["rcvd_bytes"].Value, counters["port_rcv_data"].Value);
        Assert.Equal(counters["sent_pkts"].Value, counters["port_xmit_packets"].Value);
        Assert.All(
            counters.Values,
            counter => Assert.Equal((RdmaCounterStatus.Ok, 1, "v0"), (counter.Status, counter.Port, counter.InterfaceAlias)));
        Assert.DoesNotContain("lifespan", counters.Keys);
    }

    /// <summary>All that the tool said is there with the same value, and nothing else in hw_counters.</summary>
    private static void AssertSame(IEnumerable<(string Device, int Port, string Name, ulong Value)> expected)
    {
        using RdmaWatch sampler = RdmaTree.Sample();
        var found = sampler.Counters().Where(counter => counter.Source == RdmaCounterSource.HwCounters)
            .Select(counter => (counter.Device, counter.Port!.Value, counter.Name, counter.Value!.Value)).Order().ToArray();
        Assert.True(found.Length >= 30);
        Assert.Equal(expected.Order(), found);
    }
}
