using System.Globalization;
using System.Text.RegularExpressions;

namespace XTrace.Exporter.Tests;

/// <summary>The text that a scrape has given.</summary>
internal sealed partial class MetricPage(string text)
{
    private readonly (string Name, string Labels, double Value)[] _series =
    [
        .. from line in text.Split('\n')
           where line.Length > 0 && line[0] != '#'
           let match = Line().Match(line)
           select (match.Groups[1].Value, match.Groups[2].Value, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)),
    ];

    /// <summary>The series of a metric that have something in their labels.</summary>
    internal (string Labels, double Value)[] Series(string name, string part = "") =>
    [
        .. from series in _series
           where series.Name == name && series.Labels.Contains(part, StringComparison.Ordinal)
           select (series.Labels, series.Value),
    ];

    internal double Sum(string name, string part = "") => Series(name, part).Sum(series => series.Value);

    /// <summary>What is in flows, ended series and no flow at all: it must be what the interface counted.</summary>
    internal double Accounted(string unit, string part = "") =>
        Sum($"xtrace_network_{unit}_total", part) + Sum($"xtrace_network_retired_{unit}_total", part)
        + Sum($"xtrace_interface_ignored_{unit}_total", part) + Sum($"xtrace_interface_missed_{unit}_total", part);

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$")]
    private static partial Regex Line();
}
