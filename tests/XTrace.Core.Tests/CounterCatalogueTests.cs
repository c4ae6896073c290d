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
    public void Lifespan_is_no_counter() => Assert.DoesNotContain("lifespan", s_rows.Select(row => row[1]));

    private static string Source([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../XTrace.Core/Rdma/counters.tsv");
}
