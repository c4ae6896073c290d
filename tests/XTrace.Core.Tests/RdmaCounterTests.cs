using System.Globalization;
using System.Reflection;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Counters on trees laid out as drivers lay them out: names, units, widths, growth.</summary>
[Collection("sysfs root")]
public sealed class RdmaCounterTests : IDisposable
{
    private static readonly int[] s_ports = [1, 2];

    private readonly RdmaTree _tree = new();

    private SysfsTree Tree => _tree.Tree;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void An_mlx5_device_has_counters_in_every_folder_of_ports_and_device()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core");
        Tree.AddCounters($"{device}/hw_counters", [.. RdmaLayouts.Mlx5, "lifespan"], "1");
        foreach (int number in s_ports)
        {
            string port = Tree.AddPort(device, number);
            Tree.AddCounters($"{port}/counters", RdmaLayouts.ExtendedPortCounters, "2");
            Tree.AddCounters($"{port}/counters_ext", RdmaLayouts.CountersExt, "3");
            Tree.AddCounters($"{port}/hw_counters", [.. RdmaLayouts.Mlx5, "lifespan"], "4");
            Tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", $"eth{number}");
        }
        using RdmaWatch sampler = RdmaTree.Sample();
        RdmaCounter[] counters = [.. sampler.Counters()];
        Assert.Equal(
            [
                (null, null, RdmaCounterSource.HwCounters, RdmaLayouts.Mlx5.Length, 1ul),
                .. s_ports.SelectMany(port => new (int?, string?, RdmaCounterSource, int, ulong)[]
                {
                    (port, $"eth{port}", RdmaCounterSource.Counters, RdmaLayouts.ExtendedPortCounters.Length, 2),
                    (port, $"eth{port}", RdmaCounterSource.CountersExt, RdmaLayouts.CountersExt.Length, 3),
                    (port, $"eth{port}", RdmaCounterSource.HwCounters, RdmaLayouts.Mlx5.Length, 4),
                }),
            ],
            counters.GroupBy(counter => (counter.Port, counter.InterfaceAlias, counter.Source, counter.RawValue!.Value))
                .Select(group => (group.Key.Port, group.Key.InterfaceAlias, group.Key.Source, group.Count(), group.Key.Item4)));
        Assert.All(counters, counter =>
        {
            Assert.Equal((RdmaCounterStatus.Ok, "mlx5_0"), (counter.Status, counter.Device));
            Assert.NotEqual(RdmaCounterUnit.Unknown, counter.Unit);
            Assert.NotNull(counter.Description);
        });
    }

    [Theory]
    [InlineData("mlx4_core", nameof(RdmaLayouts.Mlx4), nameof(RdmaLayouts.Mlx4))]
    [InlineData("ice", nameof(RdmaLayouts.Irdma), null)]
    [InlineData("i40e", nameof(RdmaLayouts.Irdma), null)]
    [InlineData("bnxt_en", nameof(RdmaLayouts.Bnxt), null)]
    [InlineData("efa", nameof(RdmaLayouts.Efa), nameof(RdmaLayouts.EfaDevice))]
    [InlineData("mana", nameof(RdmaLayouts.Mana), nameof(RdmaLayouts.ManaDevice))]
    [InlineData("hns3", nameof(RdmaLayouts.Hns), null)]
    public void A_driver_without_port_counters_has_its_own_and_all_are_known(string driver, string port, string? device)
    {
        string folder = Tree.AddDevice("rdma0", driver);
        Tree.AddCounters($"{Tree.AddPort(folder)}/hw_counters", Layout(port), "7");
        Tree.AddCounters($"{folder}/hw_counters", device is null ? [] : Layout(device), "8");
        using RdmaWatch sampler = RdmaTree.Sample();
        RdmaCounter[] counters = [.. sampler.Counters()];
        Assert.Equal(Layout(port).Length + (device is null ? 0 : Layout(device).Length), counters.Length);
        Assert.All(counters, counter =>
        {
            Assert.Equal(counter.Port is null ? 8ul : 7ul, counter.Value);
            Assert.NotNull(counter.Description);
            Assert.True(counter.Unit != RdmaCounterUnit.Unknown || counter.Name is "current_rate" or "rx_buffer", counter.Name);
        });
    }

    [Fact]
    public void Hfi1_names_may_have_spaces_and_commas_and_tell_a_width()
    {
        string device = Tree.AddDevice("hfi1_0", "hfi1");
        Tree.AddCounters($"{Tree.AddPort(device)}/hw_counters", RdmaLayouts.Hfi1, "5");
        Tree.AddCounters($"{device}/hw_counters", RdmaLayouts.Hfi1Device, "6");
        Dictionary<string, RdmaCounter> counters = RdmaTree.Counters();
        Assert.Equal(
            RdmaLayouts.Hfi1.Concat(RdmaLayouts.Hfi1Device).Order(StringComparer.Ordinal),
            counters.Keys.Order(StringComparer.Ordinal));
        Assert.All(counters.Values, counter => Assert.NotNull(counter.Description));
        RdmaCounter triggered = counters["Cce LATriggered"];
        Assert.Equal((6ul, RdmaCounterUnit.Events, 64), (triggered.Value!.Value, triggered.Unit, triggered.Width));
        Assert.Equal((32, RdmaCounterUnit.Events), (counters["SDMAInt0,32"].Width!.Value, counters["SDMAInt0,32"].Unit));
        RdmaCounter discarded = counters["XmitDscdVl15,32"];
        Assert.Equal((32, RdmaCounterCategory.Congestion), (discarded.Width!.Value, discarded.Category));
        Assert.Equal((64, RdmaCounterCategory.Retransmission), (counters["RcvHdrOvr159"].Width!.Value, counters["RcvHdrOvr159"].Category));
        Assert.Equal((32, RdmaCounterCategory.Congestion), (counters["XmitDscd,32"].Width!.Value, counters["XmitDscd,32"].Category));
        RdmaCounter words = counters["TxWords"];
        Assert.Equal((5ul, 20ul, RdmaCounterUnit.Bytes), (words.RawValue!.Value, words.Value!.Value, words.Unit));
        Assert.Equal(RdmaCounterKind.Gauge, counters["DRIVER_CtxtsOpen"].Kind);
    }

    [Fact]
    public void Words_become_bytes_whatever_the_driver()
    {
        string port = Tree.AddPort(Tree.AddDevice("any0", "any_driver"));
        Tree.AddCounters($"{port}/counters", ["port_xmit_data", "port_rcv_data", "port_xmit_packets"], "1000");
        Tree.AddCounters($"{port}/counters_ext", ["port_xmit_data_64", "port_rcv_data_64"], "1000");
        Dictionary<string, RdmaCounter> counters = RdmaTree.Counters();
        Assert.All(counters.Values.Where(counter => counter.Name.Contains("data", StringComparison.Ordinal)), counter =>
            Assert.Equal((1000ul, 4000ul, RdmaCounterUnit.Bytes), (counter.RawValue!.Value, counter.Value!.Value, counter.Unit)));
        Assert.Equal((1000ul, RdmaCounterUnit.Packets), (counters["port_xmit_packets"].Value!.Value, counters["port_xmit_packets"].Unit));
    }

    [Fact]
    public void Names_that_nobody_knows_are_read_all_the_same()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddCounters($"{port}/hw_counters", ["brand_new_counter"], "42");
        RdmaCounter counter = Assert.Single(RdmaTree.Counters().Values);
        Assert.Equal(
            (42ul, RdmaCounterUnit.Unknown, RdmaCounterKind.Unknown, RdmaCounterCategory.Other, null, null),
            (counter.Value!.Value, counter.Unit, counter.Kind, counter.Category, counter.Description, counter.Width));
    }

    [Fact]
    public void The_same_name_means_what_it_means_in_its_folder()
    {
        string device = Tree.AddSoftwareDevice("rxe0");
        Tree.Write($"{device}/parent", "eth0");
        string port = Tree.AddPort(device);
        Tree.Write($"{port}/counters/link_downed", "255");
        Tree.Write($"{port}/hw_counters/link_downed", "255");
        using RdmaWatch sampler = RdmaTree.Sample();
        Assert.Equal(
            [(RdmaCounterSource.Counters, 8, RdmaCounterStatus.Saturated), (RdmaCounterSource.HwCounters, 64, RdmaCounterStatus.Ok)],
            sampler.Counters().Select(counter => (counter.Source, counter.Width!.Value, counter.Status)));
    }

    [Theory]
    [InlineData("local_link_integrity_errors", 15ul)]
    [InlineData("link_downed", 255ul)]
    [InlineData("symbol_error", 65535ul)]
    [InlineData("port_xmit_wait", 4294967295ul)]
    [InlineData("port_xmit_packets", 4294967295ul)]
    public void Port_counters_stop_at_their_greatest_value_and_then_have_no_rate(string name, ulong greatest)
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("mlx4_0", "mlx4_core"))}/counters/{name}";
        Tree.Write(file, $"{greatest - 1}");
        using RdmaWatch sampler = RdmaTree.Sample();
        AssertCounter(sampler, greatest - 1, RdmaCounterStatus.Ok, null);
        Tree.Write(file, $"{greatest}");
        sampler.Sample();
        AssertCounter(sampler, greatest, RdmaCounterStatus.Saturated, null);
        Assert.True(Assert.Single(sampler.Counters()).IsSaturated);
        sampler.Sample();
        AssertCounter(sampler, greatest, RdmaCounterStatus.Saturated, null);
    }

    [Fact]
    public void With_extended_counters_data_and_packets_are_64_bits_wide()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddCounters($"{port}/counters", RdmaLayouts.ExtendedPortCounters, "4294967295");
        Dictionary<string, RdmaCounter> counters = RdmaTree.Counters();
        Assert.All(["port_xmit_data", "port_rcv_data", "port_xmit_packets", "port_rcv_packets", "unicast_rcv_packets"], name =>
            Assert.Equal((64, RdmaCounterStatus.Ok), (counters[name].Width!.Value, counters[name].Status)));
        Assert.Equal((32, RdmaCounterStatus.Saturated), (counters["port_xmit_wait"].Width!.Value, counters["port_xmit_wait"].Status));
    }

    [Fact]
    public void Without_the_other_extended_counters_a_great_value_tells_that_they_are_wide()
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("mlx4_0", "mlx4_core"))}/counters/port_rcv_data";
        Tree.Write(file, "4294967294");
        using RdmaWatch sampler = RdmaTree.Sample();
        Assert.Equal(32, Assert.Single(sampler.Counters()).Width);
        Tree.Write(file, "4294967296");
        sampler.Sample();
        AssertCounter(sampler, 17_179_869_184, RdmaCounterStatus.Ok, 8);
        Assert.Equal(64, Assert.Single(sampler.Counters()).Width);
    }

    [Fact]
    public void What_does_not_fit_after_multiplying_stays_at_the_greatest_number()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.Write($"{port}/counters_ext/port_xmit_data_64", "18446744073709551615");
        RdmaCounter counter = Assert.Single(RdmaTree.Counters().Values);
        Assert.Equal(
            (ulong.MaxValue, ulong.MaxValue, RdmaCounterStatus.Saturated),
            (counter.RawValue!.Value, counter.Value!.Value, counter.Status));
    }

    [Fact]
    public void A_counter_that_jumps_has_its_increment_and_its_rate_over_the_measured_time()
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"))}/counters/port_xmit_data";
        Tree.Write(file, "1000");
        using RdmaWatch sampler = RdmaTree.Sample();
        Tree.Write(file, "4000000000");
        long start = Environment.TickCount64;
        Thread.Sleep(200);
        sampler.Sample();
        RdmaCounter counter = Assert.Single(sampler.Counters());
        Assert.Equal((16_000_000_000ul, 15_999_996_000ul), (counter.Value!.Value, counter.Delta!.Value));
        double seconds = counter.Delta.Value / counter.RatePerSecond!.Value;
        Assert.InRange(seconds, 0.2, 0.2 + ((Environment.TickCount64 - start) / 1000.0));
        sampler.Sample();
        AssertCounter(sampler, 16_000_000_000, RdmaCounterStatus.Ok, 0);
    }

    [Fact]
    public void A_drop_is_a_reset_without_a_rate_and_the_next_sample_has_one_again()
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"))}/hw_counters/out_of_sequence";
        Tree.Write(file, "100");
        using RdmaWatch sampler = RdmaTree.Sample();
        Tree.Write(file, "3");
        sampler.Sample();
        AssertCounter(sampler, 3, RdmaCounterStatus.Reset, null);
        Tree.Write(file, "5");
        sampler.Sample();
        AssertCounter(sampler, 5, RdmaCounterStatus.Ok, 2);
    }

    [Theory]
    [InlineData("4294967290", "5", 11ul)]
    [InlineData("3000000000", "500000000", 1794967296ul)]
    [InlineData("2500000000", "1000000000", null)] // as well a reset: it would be more than half of the range
    [InlineData("100", "3", null)]
    public void A_driver_s_counter_of_a_known_width_that_wraps_loses_nothing(string before, string after, ulong? delta)
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"))}/hw_counters/out_of_sequence";
        Tree.Write(file, before);
        using RdmaWatch sampler = RdmaTree.Sample();
        Tree.Write(file, after);
        sampler.Sample();
        AssertCounter(
            sampler,
            ulong.Parse(after, CultureInfo.InvariantCulture),
            delta is null ? RdmaCounterStatus.Reset : RdmaCounterStatus.Ok,
            delta);
        sampler.Sample();
        AssertCounter(sampler, ulong.Parse(after, CultureInfo.InvariantCulture), RdmaCounterStatus.Ok, 0);
    }

    [Theory]
    [InlineData("rx_new_drops", RdmaCounterCategory.Error)]
    [InlineData("tomorrowsErrors", RdmaCounterCategory.Error)]
    [InlineData("pkt_discard", RdmaCounterCategory.Error)]
    [InlineData("New CRC", RdmaCounterCategory.Error)]
    [InlineData("tx_retry_cnt", RdmaCounterCategory.Retransmission)]
    [InlineData("someTimeOut", RdmaCounterCategory.Retransmission)]
    [InlineData("out_of_window", RdmaCounterCategory.Retransmission)]
    [InlineData("nak_sent", RdmaCounterCategory.Retransmission)]
    [InlineData("newCnpSent", RdmaCounterCategory.Congestion)]
    [InlineData("RxECNMrkd2", RdmaCounterCategory.Congestion)]
    [InlineData("new_bytes", RdmaCounterCategory.Traffic)]
    public void A_name_that_nobody_knows_is_classified_by_its_words(string name, RdmaCounterCategory category)
    {
        Tree.Write($"{Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"))}/hw_counters/{name}", "42");
        RdmaCounter counter = Assert.Single(RdmaTree.Counters().Values);
        Assert.Equal((category, true, RdmaCounterUnit.Unknown), (counter.Category, counter.IsGuess, counter.Unit));
    }

    [Fact]
    public void A_gauge_falls_without_a_reset_and_has_no_rate()
    {
        string file = $"{Tree.AddPort(Tree.AddDevice("bnxt_re0", "bnxt_en"))}/hw_counters/active_qps";
        Tree.Write(file, "100");
        using RdmaWatch sampler = RdmaTree.Sample();
        Tree.Write(file, "3");
        sampler.Sample();
        AssertCounter(sampler, 3, RdmaCounterStatus.Ok, null);
        Assert.Equal((RdmaCounterKind.Gauge, null), (sampler.Files[0].Info.Kind, sampler.Files[0].RatePerSecond));
    }

    [Fact]
    public void Only_what_the_filter_wants_is_there()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core");
        Tree.AddCounters($"{device}/hw_counters", ["np_cnp_sent"]);
        Tree.AddCounters($"{Tree.AddPort(device, 1)}/hw_counters", RdmaLayouts.Mlx5);
        Tree.AddCounters($"{Tree.AddPort(device, 2)}/hw_counters", RdmaLayouts.Mlx5);
        using RdmaWatch sampler = RdmaTree.Sample(new CounterSelection
        {
            Targets = [new RdmaTarget("mlx5_*", 2), new RdmaTarget("mlx5_0", 2)],
            Filter = new CounterFilter { Names = [new NamePattern("rp_*")], Categories = [RdmaCounterCategory.Congestion] },
        });
        Assert.Equal([(2, "rp_cnp_handled"), (2, "rp_cnp_ignored")], sampler.Files.Select(file => (file.Place.Port!.Value, file.Name)));
    }

    [Fact]
    public void A_port_s_totals_come_from_the_first_folder_that_can_be_read()
    {
        string port = Tree.AddPort(Tree.AddDevice("rocep1s0", "ice"));
        Tree.AddCounters($"{port}/hw_counters", ["ip4OutOctets"], "1000");
        Tree.AddCounters($"{port}/hw_counters", ["ip6OutOctets"], "1");
        AssertTotal(1001);
        Tree.Write($"{port}/counters/port_xmit_data", "N/A (no PMA)");
        AssertTotal(1001);
        Tree.Write($"{port}/counters/port_xmit_data", "2000");
        AssertTotal(8000);
        Tree.Write($"{port}/counters_ext/port_xmit_data_64", "3000");
        AssertTotal(12000);

        static void AssertTotal(ulong sent)
        {
            using RdmaWatch sampler = RdmaTree.Sample();
            PortTotals totals = new(Assert.Single(sampler.Places, place => place.Port is not null));
            Assert.Equal((sent, null), (totals[PortTotal.SentBytes].Value!.Value, totals[PortTotal.SentBytes].Delta));
            Assert.Null(totals[PortTotal.ReceivedBytes].Value);
        }
    }

    private static string[] Layout(string name) =>
        (string[])typeof(RdmaLayouts).GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;

    private static void AssertCounter(RdmaWatch sampler, ulong value, RdmaCounterStatus status, ulong? delta)
    {
        RdmaCounter counter = Assert.Single(sampler.Counters());
        Assert.Equal((value, status, delta, null), (counter.Value!.Value, counter.Status, counter.Delta, counter.ErrorCode));
        Assert.Equal(delta is null, counter.RatePerSecond is null);
    }
}
