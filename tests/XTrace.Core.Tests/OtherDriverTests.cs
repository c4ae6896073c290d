using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>Trees laid out as drivers lay them out that came later: ionic, erdma, cxgb4, irdma of kernel 7.2, Omni-Path.</summary>
[Collection("sysfs root")]
public sealed class OtherDriverTests
{
    [Fact]
    public void Every_counter_of_every_driver_is_known()
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        using RdmaWatch watch = RdmaTree.Sample();
        RdmaCounter[] counters = [.. watch.Counters()];
        Assert.Equal(7, RdmaDevices.Names.Length);
        Assert.Empty(counters
            .Where(counter => counter.Description is null || counter.IsGuess)
            .Select(counter => $"{counter.Device} {counter.Name}"));
        Assert.Equal((47, 11, 8), (Count("ionic_0"), Count("erdma_0"), Count("cxgb4_0")));
        Assert.Empty(watch.Notices);

        int Count(string device) => counters.Count(counter => counter.Device == device);
    }

    [Theory]
    [InlineData("ionic_0", "req_rx_rmt_acc_err", RdmaCounterCategory.Error)]
    [InlineData("ionic_0", "resp_rx_outouf_seq", RdmaCounterCategory.Retransmission)]
    [InlineData("ionic_0", "rx_rdma_cnp_pkts", RdmaCounterCategory.Congestion)]
    [InlineData("rocep19s0", "CRC errors", RdmaCounterCategory.Error)]
    [InlineData("rocep19s0", "RTO", RdmaCounterCategory.Retransmission)]
    [InlineData("erdma_0", "rx_disable_drop_cnt", RdmaCounterCategory.Error)]
    [InlineData("cxgb4_0", "ip4RetransSegs", RdmaCounterCategory.Retransmission)]
    public void Counters_tell_what_they_tell(string device, string name, RdmaCounterCategory category)
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(category, watch.Counters().Single(counter => counter.Device == device && counter.Name == name).Category);
    }

    [Theory]
    [InlineData("ionic_0", 2000ul, 2000ul)] // unicast and multicast
    [InlineData("erdma_0", 1000ul, 1000ul)]
    [InlineData("rocep19s0", 1000ul, 1000ul)]
    public void A_port_s_totals_are_those_of_its_driver(string device, ulong bytes, ulong packets)
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        using RdmaWatch watch = RdmaTree.Sample();
        PortTotals totals = new(watch.Places.Single(place => place.Device == device && place.Port == 1));
        ulong Total(PortTotal total) => totals[total].Value!.Value;
        Assert.Equal((bytes, bytes, packets), (Total(PortTotal.SentBytes), Total(PortTotal.ReceivedBytes), Total(PortTotal.SentPackets)));
    }

    [Fact]
    public void What_a_driver_does_not_count_is_only_said_where_it_is_known()
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        using RdmaWatch watch = RdmaTree.Sample();
        bool Claims(string device) => new PortTotals(watch.Places.Single(place => place.Device == device && place.Port == 1))
            .IsKnownNotToCount(PortTotal.SentBytes);
        Assert.Equal((true, true, false, false), (Claims("siw_lo"), Claims("cxgb4_0"), Claims("ionic_0"), Claims("mlx5_2")));
        tree.Tree.Write("devices/pci0000:00/0000:12:00.4/infiniband/cxgb4_0/ports/1/hw_counters/of_tomorrow", "1");
        watch.Sample();
        Assert.False(Claims("cxgb4_0"));
    }

    [Fact]
    public void Omni_Path_counts_data_in_flits_of_8_bytes()
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("hfi1");
        Dictionary<string, RdmaCounter> counters = RdmaTree.Counters();
        Assert.All(["port_xmit_data", "port_rcv_data"], name => Assert.Equal(
            (1_562_500_000ul, 12_500_000_000ul, RdmaCounterUnit.Bytes),
            (counters[name].RawValue!.Value, counters[name].Value!.Value, counters[name].Unit)));
        // The driver's own counter is one of words of 4 bytes.
        Assert.Equal((1000ul, 4000ul), (counters["TxWords"].RawValue!.Value, counters["TxWords"].Value!.Value));
    }

    [Fact]
    public void Ionic_says_with_all_ones_that_there_is_no_value()
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        tree.Tree.Write("devices/pci0000:00/0000:10:00.0/infiniband/ionic_0/ports/1/hw_counters/req_rx_cqe_err", $"{ulong.MaxValue}");
        using RdmaWatch watch = RdmaTree.Sample();
        RdmaCounter counter = watch.Counters().Single(counter => counter.Name == "req_rx_cqe_err");
        Assert.Equal((RdmaCounterStatus.NotAvailable, null), (counter.Status, counter.Value));
    }

    [Fact]
    public void Counters_of_qib_are_in_a_folder_of_their_own()
    {
        using RdmaTree tree = new();
        string port = tree.Tree.AddPort(tree.Tree.AddDevice("qib0", "ib_qib"));
        tree.Tree.AddCounters($"{port}/diag_counters", ["rc_resends", "pkt_drops", "dmawait"], "5");
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(
            [
                ("dmawait", RdmaCounterCategory.Congestion),
                ("pkt_drops", RdmaCounterCategory.Error),
                ("rc_resends", RdmaCounterCategory.Retransmission),
            ],
            watch.Counters().Select(counter => (counter.Name, counter.Category)));
        Assert.All(
            watch.Counters(), counter => Assert.Equal((RdmaCounterSource.DiagCounters, 5ul), (counter.Source, counter.Value!.Value)));
    }

    [Fact]
    public void A_subfunction_s_port_has_none_of_the_network_interfaces_of_its_PCI_function()
    {
        using RdmaTree tree = RdmaTree.OfOtherDrivers("drivers");
        tree.Tree.AddInterface("enp21s0np0", "0000:15:00.0");
        Assert.Empty(Assert.Single(RdmaTree.Device("mlx5_2").Ports).Interfaces);
        const string OfSubfunction = "devices/pci0000:00/0000:15:00.0/mlx5_core.sf.2/net/enp21s0f0s2";
        tree.Tree.Link("class/net/enp21s0f0s2", OfSubfunction);
        tree.Tree.Link($"{OfSubfunction}/device", "devices/pci0000:00/0000:15:00.0/mlx5_core.sf.2");
        Assert.Equal(["enp21s0f0s2"], RdmaTree.Device("mlx5_2").InterfaceAlias);
    }

    [Fact]
    public void Ports_of_a_DPU_s_switch_get_no_network_interface_that_is_not_theirs()
    {
        using RdmaTree tree = new();
        string device = tree.Tree.AddDevice("mlx5_0", "mlx5_core", "0000:03:00.0");
        foreach (int number in Enumerable.Range(1, 4))
        {
            tree.Tree.AddPort(device, number);
        }
        (string Name, string Port)[] interfaces =
        [
            ("p0", "p0"), ("pf0hpf", "pf0hpf"), ("c1pf0", "c1pf0"), ("pf0vf0", "c1pf0vf0"), ("en3f0pf0sf0", "pf0sf0"),
        ];
        foreach ((string name, string port) in interfaces)
        {
            tree.Tree.Write($"{tree.Tree.AddInterface(name, "0000:03:00.0")}/phys_port_name", port);
        }
        RdmaPort[] ports = [.. RdmaTree.Device("mlx5_0").Ports];
        RdmaInterface uplink = Assert.Single(ports[0].Interfaces);
        Assert.Equal(("p0", RdmaInterfaceMethod.PciFunction), (uplink.InterfaceAlias, uplink.FoundBy));
        Assert.All(ports[1..], port => Assert.Empty(port.Interfaces));
    }
}
