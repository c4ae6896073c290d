using System.Diagnostics;
using System.Globalization;
using XTrace.Bpf;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>What drivers of real interfaces say, against the tool ethtool and sysfs.</summary>
[Collection("sysfs root")]
[Trait("Category", "Privileged")]
public sealed class EthtoolTests : IDisposable
{
    private readonly VethPair _veth = new(watchedEndHere: true);
    private readonly Ethtool _ethtool = new();

    public void Dispose()
    {
        _ethtool.Dispose();
        _veth.Dispose();
    }

    [Fact]
    public void Statistics_have_the_names_and_values_that_the_tool_shows()
    {
        string[] shown =
        [
            .. Output("ethtool", "-S", _veth.Interface).Split('\n').Skip(1)
                .Where(line => line.Length > 0)
                .Select(line => line.Trim()),
        ];
        int count = _ethtool.CountStatistics(_veth.Interface);
        string[] names = _ethtool.NamesOfStatistics(_veth.Interface, count);
        Assert.Equal(0, _ethtool.ReadStatistics(_veth.Interface, count, out ReadOnlySpan<ulong> values));
        List<string> read = [];
        for (int i = 0; i < count; i++)
        {
            read.Add($"{names[i]}: {values[i]}");
        }
        Assert.True(count > 5);
        Assert.Equal(shown, read);
        // ip writes the other end's index behind the name: xtw1@if7.
        string peer = Output("ip", "-o", "link", "show", _veth.Interface).Split("@if")[1].Split(':')[0];
        Assert.Contains($"peer_ifindex: {peer}", read);
    }

    [Fact]
    public void The_driver_the_index_and_the_address_are_those_of_sysfs()
    {
        Assert.Equal("veth", _ethtool.DriverOf(_veth.Interface));
        Assert.Equal(Sys("ifindex"), $"{_ethtool.IndexOf(_veth.Interface)}");
        Assert.Equal(Sys("address"), _ethtool.AddressOf(_veth.Interface));
        Assert.True(Sysfs.IsHere(_veth.Interface, _ethtool));
    }

    [Fact]
    public void A_link_has_the_speed_of_sysfs_and_no_modes_where_the_driver_names_none()
    {
        EthernetLink link = _ethtool.LinkOf(_veth.Interface)!.Value;
        Assert.Equal(
            (int.Parse(Sys("speed"), CultureInfo.InvariantCulture), null, null),
            (link.Speed!.Value, link.Supported, link.Partner));
    }

    [Fact]
    public void Where_there_is_nothing_to_ask_nothing_is_found()
    {
        Assert.True(_ethtool.CountStatistics("lo") <= 0);
        Assert.Equal(-Errnos.ENODEV, _ethtool.CountStatistics("nosuch"));
        Assert.Equal(-Errnos.ENODEV, _ethtool.CountStatistics("a name that no interface can have"));
        Assert.Empty(_ethtool.NamesOfStatistics("nosuch", 3));
        Assert.Equal(-Errnos.ENODEV, _ethtool.ReadStatistics("nosuch", 3, out _));
        Assert.Null(_ethtool.LinkOf("nosuch"));
        Assert.Equal((0, null, null), (_ethtool.IndexOf("nosuch"), _ethtool.AddressOf("nosuch"), _ethtool.DriverOf("nosuch")));
    }

    [Fact]
    public void A_port_has_the_statistics_of_its_interface_and_those_of_queues_are_added_up()
    {
        using RdmaTree tree = Tree(_veth.Interface, $"{_ethtool.IndexOf(_veth.Interface)}", _ethtool.AddressOf(_veth.Interface)!);
        using RdmaWatch watch = RdmaTree.Sample();
        RdmaCounter[] counters = [.. watch.Counters().Where(counter => counter.Source == RdmaCounterSource.Ethtool)];
        RdmaCounter peer = counters.Single(counter => counter.Name == "peer_ifindex");
        Assert.Equal((RdmaCounterKind.Gauge, _veth.Interface, 1), (peer.Kind, peer.InterfaceAlias, peer.Port!.Value));
        RdmaCounter drops = counters.Single(counter => counter.Name == "rx_queue_*_drops");
        Assert.Equal(
            (RdmaCounterStatus.Ok, RdmaCounterUnit.Packets, RdmaCounterDirection.Received, RdmaCounterCategory.Error),
            (drops.Status, drops.Unit, drops.Direction, drops.Category));
        Assert.DoesNotContain(counters, counter => counter.Name == "rx_queue_0_drops");
        watch.Sample();
        Assert.Equal(0ul, watch.Counters().Single(counter => counter.Name == "rx_queue_*_drops").Delta);
    }

    [Theory]
    [InlineData("1", null)]
    [InlineData(null, "02:00:00:00:00:99")]
    public void An_interface_of_another_namespace_is_not_asked_by_its_name(string? index, string? address)
    {
        using RdmaTree tree = Tree(
            _veth.Interface, index ?? $"{_ethtool.IndexOf(_veth.Interface)}", address ?? _ethtool.AddressOf(_veth.Interface)!);
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(["c"], watch.Counters().Select(counter => counter.Name));
    }

    [Fact]
    public void An_interface_that_goes_takes_its_statistics_with_it()
    {
        using RdmaTree tree = Tree(_veth.Interface, $"{_ethtool.IndexOf(_veth.Interface)}", _ethtool.AddressOf(_veth.Interface)!);
        using RdmaWatch watch = RdmaTree.Sample();
        Command.Run("ip", "link", "del", _veth.Interface);
        watch.Sample();
        Assert.Equal(["c"], watch.Counters().Select(counter => counter.Name));
        Assert.Contains(watch.Notices, notice => notice.Id == "RdmaCounterGone");
    }

    [Fact]
    public void Carrier_changes_are_read_from_sysfs()
    {
        using RdmaTree tree = Tree("eth0", "7", "02:00:00:00:00:01");
        tree.Tree.Write("class/net/eth0/carrier_changes", "3");
        tree.Tree.Write("class/net/eth0/mtu", "1500");
        using RdmaWatch watch = RdmaTree.Sample();
        tree.Tree.Write("class/net/eth0/carrier_changes", "5");
        watch.Sample();
        RdmaCounter counter = watch.Counters().Single(counter => counter.Source == RdmaCounterSource.Carrier);
        Assert.Equal(("carrier_changes", 2ul, "eth0"), (counter.Name, counter.Delta!.Value, counter.InterfaceAlias));
    }

    [Fact]
    public void A_bond_has_the_counters_of_each_interface_in_it()
    {
        using RdmaTree tree = Tree("bond0", "7", "02:00:00:00:00:01");
        tree.Tree.Write("class/net/bond0/bonding/slaves", "eth1 eth2");
        tree.Tree.Write("class/net/eth1/carrier_changes", "1");
        tree.Tree.Write("class/net/eth2/carrier_changes", "2");
        CounterSelection carrier = new() { Filter = new CounterFilter { Sources = [RdmaCounterSource.Carrier] } };
        using RdmaWatch watch = RdmaTree.Sample(carrier);
        Assert.Equal([("eth1", 1ul), ("eth2", 2ul)], watch.Counters().Select(counter => (counter.InterfaceAlias!, counter.Value!.Value)));
    }

    [Theory]
    [InlineData(new[] { 5, 12, 31 }, 25000)]
    [InlineData(new[] { 57, 75 }, 100000)]
    [InlineData(new[] { 118 }, 800000)]
    [InlineData(new[] { 6, 13, 49 }, null)]
    public void The_fastest_of_link_modes_is_found(int[] bits, int? fastest)
    {
        byte[] mask = new byte[16];
        foreach (int bit in bits)
        {
            mask[bit / 8] |= (byte)(1 << (bit % 8));
        }
        Assert.Equal(fastest, LinkModes.Fastest(mask));
    }

    private static RdmaTree Tree(string name, string index, string address)
    {
        RdmaTree tree = new();
        string port = tree.Tree.AddPort(tree.Tree.AddDevice("mlx5_0", "mlx5_core"));
        tree.Tree.Write($"{port}/counters/c", "1");
        tree.Tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", name);
        tree.Tree.Write($"{tree.Tree.AddInterface(name, address: address)}/ifindex", index);
        return tree;
    }

    private string Sys(string attribute) => File.ReadAllText($"/sys/class/net/{_veth.Interface}/{attribute}").Trim();

    private static string Output(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
