using System.Diagnostics;
using System.Runtime.CompilerServices;
using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>The file of known counters.</summary>
public sealed class CounterCatalogueTests
{
    private static readonly string[][] s_rows =
    [
        .. File.ReadLines(Source()).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t')),
    ];

    [Fact]
    public void Every_line_can_be_found_and_means_what_it_says()
    {
        Assert.True(s_rows.Length > 300);
        foreach (string[] row in s_rows)
        {
            RdmaCounterSource source = Enum.GetValues<RdmaCounterSource>().Single(one => CounterCatalogue.FolderOf(one) == row[0]);
            foreach (string driver in row[2].Split(','))
            {
                CounterInfo info = CounterCatalogue.Find(source, row[1], driver, hasExtended: true);
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
            File.WriteAllLines(catalogue, [.. File.ReadLines(Source()), line]);
            using Process script = Process.Start(new ProcessStartInfo(
                "python3", [Path.Combine(Path.GetDirectoryName(Source())!, "../../tests/catalogue/compare.py"), folder, catalogue])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Assert.Equal(missing, script.StandardOutput.ReadToEnd());
            Assert.Equal($"2 counters of 1 drivers, {exitCode} not in the catalogue.\n", script.StandardError.ReadToEnd());
            script.WaitForExit();
            Assert.Equal(exitCode, script.ExitCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Lifespan_is_no_counter() => Assert.DoesNotContain("lifespan", s_rows.Select(row => row[1]));

    private static string Source([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../XTrace.Core/Rdma/counters.tsv");
}
