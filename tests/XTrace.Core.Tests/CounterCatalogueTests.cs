using System.Diagnostics;
using System.Runtime.CompilerServices;
using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>The file of known counters.</summary>
public sealed class CounterCatalogueTests
{
    private static readonly string[][] s_rows =
    [
        .. Sources().SelectMany(File.ReadLines).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t')),
    ];

    [Fact]
    public void Every_line_can_be_found_and_means_what_it_says()
    {
        Assert.True(s_rows.Length > 300);
        foreach (string[] row in s_rows)
        {
            RdmaCounterSource source = Enum.GetValues<RdmaCounterSource>().Single(value => CounterCatalogue.FolderOf(value) == row[0]);
            foreach (string driver in row[2].Split(','))
            {
                CounterInfo info = source == RdmaCounterSource.Ethtool
                    ? CounterCatalogue.FindStatistic(row[1].Replace('#', '7').Replace('*', '7'), driver).Info
                    : CounterCatalogue.Find(source, row[1], driver, hasExtended: true);
                Assert.Equal((row[8], row[6]), (info.Meaning, $"{info.Category}".ToLowerInvariant()));
                Assert.Equal(
                    row[3] switch { "words" => (4u, RdmaCounterUnit.Bytes), "flits" => (8u, RdmaCounterUnit.Bytes), _ => (1u, info.Unit) },
                    (info.Factor, info.Unit));
                Assert.Equal(row[4], $"{info.Kind}".ToLowerInvariant());
                Assert.NotNull(info.Width);
            }
        }
    }

    [Fact]
    public void No_counter_of_a_driver_is_there_twice()
    {
        (string, string, string)[] all = [.. s_rows.SelectMany(row => row[2].Split(',').Select(driver => (row[0], row[1], driver)))];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Another_driver_s_counter_of_a_known_name_is_taken_to_mean_the_same() => Assert.Equal(
        CounterCatalogue.Find(RdmaCounterSource.HwCounters, "np_cnp_sent", "mlx5_core", hasExtended: true),
        CounterCatalogue.Find(RdmaCounterSource.HwCounters, "np_cnp_sent", "mlx5_core.sf", hasExtended: true));

    [Fact]
    public void Nothing_is_known_of_other_names() =>
        Assert.False(CounterCatalogue.Find(RdmaCounterSource.Counters, "np_cnp_sent", "mlx5_core", hasExtended: true).IsKnown);

    [Fact]
    public void The_words_of_the_known_names_tell_nearly_always_that_something_is_wrong()
    {
        string[] quiet = [.. s_rows
            .Where(row => row[6] is "error" or "retransmission" or "congestion")
            .Select(row => row[1])
            .Where(name => CounterWords.CategoryOf(name) is RdmaCounterCategory.Traffic or RdmaCounterCategory.Other)];
        int all = s_rows.Count(row => row[6] is "error" or "retransmission" or "congestion");
        Assert.True(quiet.Length < all * 0.15, $"{quiet.Length} of {all}: {string.Join(", ", quiet)}");
    }

    [Theory]
    [InlineData(0, "hw_counters\tnew_pkts\terdma", "")]
    [InlineData(1, "", "erdma\tnew_pkts\n")]
    public void The_script_that_compares_with_a_kernel_finds_what_is_missing(int exitCode, string line, string missing)
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-kernel-").FullName;
        try
        {
            string driver = Directory.CreateDirectory(Path.Combine(folder, "drivers/infiniband/hw/erdma")).FullName;
            File.WriteAllText(Path.Combine(driver, "new.c"), """
                static const struct rdma_stat_desc erdma_descs[] = {
                	[ERDMA_STATS_TX_REQS_CNT].name = "tx_reqs_cnt",
                	[ERDMA_STATS_NEW].name = "new_pkts",
                };
                """);
            string catalogue = Path.Combine(folder, "counters.tsv");
            File.WriteAllLines(catalogue, [.. File.ReadLines(Sources()[0]), line]);
            Assert.Equal((exitCode, missing, $"2 counters of 1 drivers, {exitCode} not in the catalogue.\n"), Compare(folder, catalogue));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(
        "rx_prio3_pause_duration", "mlx5_core", "rx_prio3_pause_duration",
        RdmaCounterUnit.Microseconds, RdmaCounterCategory.Congestion)]
    [InlineData("rx17_wqe_err", "mlx5_core", "rx*_wqe_err", RdmaCounterUnit.Events, RdmaCounterCategory.Error)]
    [InlineData("rx_64_bytes_phy", "mlx5_core", "rx_64_bytes_phy", RdmaCounterUnit.Packets, RdmaCounterCategory.Traffic)]
    [InlineData("[12]: rx_l4_csum_errors", "bnxt_en", "[*]: rx_l4_csum_errors", RdmaCounterUnit.Packets, RdmaCounterCategory.Error)]
    [InlineData(
        "pfc_pri5_tx_duration_us", "bnxt_en", "pfc_pri5_tx_duration_us",
        RdmaCounterUnit.Microseconds, RdmaCounterCategory.Congestion)]
    [InlineData("tx_priority_2_xoff.nic", "ice", "tx_priority_2_xoff.nic", RdmaCounterUnit.Packets, RdmaCounterCategory.Congestion)]
    [InlineData(
        "rx_pripause_6_1us_count", "ionic", "rx_pripause_6_1us_count",
        RdmaCounterUnit.Microseconds, RdmaCounterCategory.Congestion)]
    [InlineData("tx_queue_3_tx_timeouts", "virtio_net", "tx_queue_*_tx_timeouts", RdmaCounterUnit.Events, RdmaCounterCategory.Error)]
    [InlineData("rx_new_fault_9", "newdriver", "rx_new_fault_9", RdmaCounterUnit.Unknown, RdmaCounterCategory.Error)]
    public void A_statistic_keeps_its_priority_and_loses_its_queue(
        string name, string driver, string shown, RdmaCounterUnit unit, RdmaCounterCategory category)
    {
        (string found, CounterInfo info) = CounterCatalogue.FindStatistic(name, driver);
        Assert.Equal((shown, unit, category), (found, info.Unit, info.Category));
    }

    /// <summary>Whether the path is congested or this host is slow: everything depends on it.</summary>
    [Fact]
    public void Every_pause_counter_says_its_direction()
    {
        string[] pauses = [.. s_rows.Where(row => row[0] == "ethtool").Select(row => row[1])
            .Where(name => name.Contains("pause", StringComparison.Ordinal) && !name.Contains("pause_events", StringComparison.Ordinal))];
        Assert.True(pauses.Length > 20);
        Assert.DoesNotContain(pauses, name => CounterWords.DirectionOf(name) == RdmaCounterDirection.None);
        Assert.Equal(RdmaCounterDirection.Received, CounterWords.DirectionOf("rx_prio3_pause"));
        Assert.Equal(RdmaCounterDirection.Sent, CounterWords.DirectionOf("frames_tx_pripause"));
        Assert.Equal(RdmaCounterDirection.Sent, CounterWords.DirectionOf("port_xmit_data"));
    }

    [Theory]
    [InlineData(0, "ethtool\trx_new_pause\tmlx5_core", "")]
    [InlineData(1, "", "mlx5_core\trx_new_pause\n")]
    public void The_script_finds_what_is_missing_of_the_statistics(int exitCode, string line, string missing)
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-kernel-").FullName;
        try
        {
            string driver = Directory.CreateDirectory(Path.Combine(folder, "drivers/net/ethernet/mellanox/mlx5/core")).FullName;
            Directory.CreateDirectory(Path.Combine(folder, "drivers/infiniband"));
            File.WriteAllText(Path.Combine(driver, "en_stats.c"), """
                static const struct counter_desc pport_per_prio_pfc_stats_desc[] = {
                	{ "rx_%s_pause", PPORT_PER_PRIO_OFF(rx_pause) },
                	{ "rx_new_pause", PPORT_PER_PRIO_OFF(rx_new) },
                };
                """);
            string catalogue = Path.Combine(folder, "statistics.tsv");
            File.WriteAllLines(catalogue, [.. File.ReadLines(Sources()[1]), line]);
            Assert.Equal((exitCode, missing, $"3 counters of 1 drivers, {exitCode} not in the catalogue.\n"), Compare(folder, catalogue));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Lifespan_is_no_counter() => Assert.DoesNotContain("lifespan", s_rows.Select(row => row[1]));

    private static (int ExitCode, string Output, string Errors) Compare(string kernel, string catalogue)
    {
        using Process script = Process.Start(new ProcessStartInfo(
            "python3", [Path.Combine(Path.GetDirectoryName(Sources()[0])!, "../../tests/catalogue/compare.py"), kernel, catalogue])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = script.StandardOutput.ReadToEnd();
        string errors = script.StandardError.ReadToEnd();
        script.WaitForExit();
        return (script.ExitCode, output, errors);
    }

    private static string[] Sources([CallerFilePath] string here = "")
    {
        string folder = Path.Combine(Path.GetDirectoryName(here)!, "../../XTrace.Core/Rdma");
        return [Path.Combine(folder, "counters.tsv"), Path.Combine(folder, "statistics.tsv")];
    }
}
