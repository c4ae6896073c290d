using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace XTrace.Rdma;

/// <summary>The catalogue's entry for a counter.</summary>
/// <param name="Unit">The unit of the value, after multiplying.</param>
/// <param name="Factor">The factor of the raw value.</param>
/// <param name="Kind">How it moves.</param>
/// <param name="Width">Bits; null if not known.</param>
/// <param name="Category">What it tells.</param>
/// <param name="Total">The total of the port that it is a part of.</param>
/// <param name="Meaning">In one line; null for a counter that is not known.</param>
internal sealed record CounterInfo(
    RdmaCounterUnit Unit, uint Factor, RdmaCounterKind Kind, int? Width, RdmaCounterCategory Category, PortTotal Total, string? Meaning)
{
    private static readonly CounterInfo s_unknown = new(
        RdmaCounterUnit.Unknown, 1, RdmaCounterKind.Unknown, null, RdmaCounterCategory.Other, PortTotal.None, null);

    /// <summary>Whether it is in the catalogue.</summary>
    internal bool IsKnown => Meaning is not null;

    /// <summary>Whether the category is guessed.</summary>
    internal bool IsGuess => !IsKnown && Category != RdmaCounterCategory.Other;

    /// <summary>The direction of the counted traffic.</summary>
    internal RdmaCounterDirection Direction { get; init; }

    /// <summary>Whether the driver says with a value of all ones that there is none.</summary>
    internal bool IsNoneWhenAllOnes { get; init; }

    /// <summary>For a name that is not in the catalogue: its words may tell what it is about.</summary>
    internal static CounterInfo Guess(string name) => s_unknown with { Category = CounterWords.CategoryOf(name) };
}

/// <summary>The counters that are known: <c>counters.tsv</c> and <c>statistics.tsv</c>, which say where their knowledge is from.</summary>
internal static partial class CounterCatalogue
{
    /// <summary>hfi1 ends the names of its 32-bit counters with this: drivers/infiniband/hw/hfi1/chip.c, init_cntrs.</summary>
    private const string Suffix32 = ",32";
    private const string AllDrivers = "*";
    private const string Number = "#"; // any number: at the end of a name, or the first in a statistic's
    private const string Queue = "*"; // the same, and the statistics of all these numbers are added up

    /// <summary>
    /// The width of data and packet counters, which the extended counters widen: drivers/infiniband/core/sysfs.c,
    /// get_counter_table.
    /// </summary>
    private const string WidthOfExtended = "32/64";

    /// <summary>drivers/infiniband/hw/ionic/ionic_hw_stats.c, ionic_v1_stat_val.</summary>
    private const string Ionic = "ionic";

    private static readonly string[] s_files = ["counters.tsv", "statistics.tsv"];

    /// <summary>Names of driver links that stand for another driver's.</summary>
    private static readonly FrozenDictionary<string, string> s_otherNames = new Dictionary<string, string>
    {
        ["mlx5_core.sf"] = "mlx5_core", // a subfunction
        ["ionic_rdma"] = Ionic,
    }.ToFrozenDictionary();

    /// <summary>Drivers of the kernel that have no counters of their own.</summary>
    private static readonly string[] s_withoutCounters = ["siw", "ib_mthca", "be2net", "qede", "usnic_verbs", "vmw_pvrdma"];

    private static readonly FrozenDictionary<(RdmaCounterSource Source, string Name), Entry[]> s_entries =
        Load().GroupBy(entry => (entry.Source, entry.Name)).ToFrozenDictionary(group => group.Key, group => group.ToArray());

    private static readonly FrozenSet<string> s_drivers =
        s_entries.Values.SelectMany(entries => entries).Where(entry => entry.Source <= RdmaCounterSource.DiagCounters)
            .SelectMany(entry => entry.Drivers).Concat(s_withoutCounters).ToFrozenSet();

    /// <summary>
    /// What is known of a counter of a driver, or can be guessed. Another driver's counter of the same name is taken to mean
    /// the same.
    /// </summary>
    /// <param name="source">The folder it is in.</param>
    /// <param name="name">Its name.</param>
    /// <param name="driver">The driver link's name, or null.</param>
    /// <param name="hasExtended">Whether the port has the extended counters.</param>
    internal static CounterInfo Find(RdmaCounterSource source, string name, string? driver, bool hasExtended)
    {
        driver = driver is null ? null : s_otherNames.GetValueOrDefault(driver, driver);
        bool is32 = source == RdmaCounterSource.HwCounters && name.EndsWith(Suffix32, StringComparison.Ordinal);
        string bare = is32 ? name[..^Suffix32.Length] : name;
        CounterInfo info;
        if (s_entries.TryGetValue((source, bare), out Entry[]? entries)
            || s_entries.TryGetValue((source, WithoutNumber(bare)), out entries))
        {
            Entry entry = Array.Find(entries, listed => listed.Drivers.Contains(driver!))
                ?? Array.Find(entries, listed => listed.Drivers.Length == 0)
                ?? entries[0];
            info = entry.IsWidenedByExtended ? entry.Info with { Width = hasExtended ? 64 : 32 } : entry.Info;
        }
        else
        {
            info = CounterInfo.Guess(bare);
        }
        return info with
        {
            Width = is32 ? 32 : info.Width,
            IsNoneWhenAllOnes = driver == Ionic,
            Direction = CounterWords.DirectionOf(bare),
        };
    }

    /// <summary>
    /// The entry, or a guess, for a statistic of a network interface. The name of a queue's statistic has an asterisk in place of
    /// the queue's number, so all queues share it.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="driver">The interface's driver, or null.</param>
    internal static (string Name, CounterInfo Info) FindStatistic(string name, string? driver)
    {
        string ofQueues = FirstNumber().Replace(name, Queue, 1);
        (string Pattern, string Shown)[] candidates = [(name, name), (FirstNumber().Replace(name, Number, 1), name), (ofQueues, ofQueues)];
        foreach ((string pattern, string shown) in candidates)
        {
            if (s_entries.TryGetValue((RdmaCounterSource.Ethtool, pattern), out Entry[]? entries))
            {
                Entry entry = Array.Find(entries, listed => listed.Drivers.Contains(driver!)) ?? entries[0];
                return (shown, entry.Info with { Direction = CounterWords.DirectionOf(name) });
            }
        }
        return (name, CounterInfo.Guess(name) with { Direction = CounterWords.DirectionOf(name) });
    }

    /// <summary>Whether the counters of a driver are in the catalogue: then one that is in neither it nor sysfs is not kept.</summary>
    internal static bool Knows(string? driver) => driver is not null && s_drivers.Contains(s_otherNames.GetValueOrDefault(driver, driver));

    [GeneratedRegex("[0-9]+")]
    private static partial Regex FirstNumber();

    private static string WithoutNumber(string name) => string.Concat(name.AsSpan().TrimEnd("0123456789"), Number);

    private static IEnumerable<Entry> Load()
    {
        foreach (string file in s_files)
        {
            using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(file)!);
            while (reader.ReadLine() is { } line)
            {
                if (line.Length > 0 && line[0] != '#')
                {
                    yield return Parse(line);
                }
            }
        }
    }

    private static Entry Parse(string line)
    {
        string[] columns = line.Split('\t');
        if (columns is not [var source, var name, var drivers, var unit, var kind, var width, var category, var total, var meaning])
        {
            throw new InvalidDataException($"{columns.Length} columns, not 9: {line}");
        }
        CounterInfo info = new(
            UnitOf(unit),
            unit switch { "words" => 4u, "flits" => 8u, _ => 1u },
            Enum.Parse<RdmaCounterKind>(kind, ignoreCase: true),
            width == WidthOfExtended ? null : int.Parse(width, CultureInfo.InvariantCulture),
            Enum.Parse<RdmaCounterCategory>(category, ignoreCase: true),
            TotalOf(total),
            meaning);
        return new Entry(SourceOf(source), name, drivers == AllDrivers ? [] : drivers.Split(','), info, width == WidthOfExtended);
    }

    /// <summary>The folder of a source.</summary>
    internal static string FolderOf(RdmaCounterSource source) => source switch
    {
        RdmaCounterSource.Counters => "counters",
        RdmaCounterSource.CountersExt => "counters_ext",
        RdmaCounterSource.DiagCounters => "diag_counters",
        RdmaCounterSource.Optional => "optional",
        RdmaCounterSource.Ethtool => "ethtool",
        RdmaCounterSource.Carrier => "carrier",
        _ => "hw_counters",
    };

    private static RdmaCounterSource SourceOf(string folder) =>
        Enum.GetValues<RdmaCounterSource>().First(source => FolderOf(source) == folder);

    private static RdmaCounterUnit UnitOf(string text) => text switch
    {
        "-" => RdmaCounterUnit.Unknown,
        "words" or "flits" => RdmaCounterUnit.Bytes,
        _ => Enum.Parse<RdmaCounterUnit>(text, ignoreCase: true),
    };

    private static PortTotal TotalOf(string text) =>
        text == "-" ? PortTotal.None : Enum.Parse<PortTotal>(text.Replace(".", "", StringComparison.Ordinal), ignoreCase: true);

    private sealed record Entry(RdmaCounterSource Source, string Name, string[] Drivers, CounterInfo Info, bool IsWidenedByExtended);
}
