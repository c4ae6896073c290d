using System.Globalization;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// The text formats that metrics are exposed in: Prometheus' (version 0.0.4) and OpenMetrics (version 1.0.0). They differ in how
/// counters are announced and in how the text ends.
/// </summary>
internal static class MetricText
{
    internal const string PlainType = "text/plain; version=0.0.4; charset=utf-8";
    internal const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private const string Total = "_total";

    /// <param name="families">The metrics.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="isOpenMetrics">In which format.</param>
    internal static void Write(IEnumerable<MetricFamily> families, TextWriter writer, bool isOpenMetrics)
    {
        foreach (MetricFamily family in families)
        {
            bool isCounter = family.Type == MetricType.Counter;
            string announced = isOpenMetrics && isCounter ? family.Name[..^Total.Length] : family.Name;
            writer.Write($"# HELP {announced} {Escape(family.Help, isOpenMetrics)}\n");
            writer.Write($"# TYPE {announced} {(isCounter ? "counter" : "gauge")}\n");
            foreach (Series series in family.Series)
            {
                WriteSeries(family.Name, series, "", writer);
            }
        }
        if (isOpenMetrics)
        {
            writer.Write("# EOF\n");
        }
    }

    /// <summary>The series alone, with labels that they do not have already, and a time: what VictoriaMetrics imports.</summary>
    internal static void WriteSeries(
        IEnumerable<MetricFamily> families, IReadOnlyList<Label> labels, DateTime time, TextWriter writer)
    {
        string suffix = string.Create(CultureInfo.InvariantCulture, $" {new DateTimeOffset(time).ToUnixTimeMilliseconds()}");
        foreach (MetricFamily family in families)
        {
            foreach (Series series in family.Series)
            {
                WriteSeries(family.Name, series with { Labels = series.With(labels) }, suffix, writer);
            }
        }
    }

    private static void WriteSeries(string name, Series series, string suffix, TextWriter writer)
    {
        writer.Write(name);
        for (int i = 0; i < series.Labels.Length; i++)
        {
            Label label = series.Labels[i];
            writer.Write($"{(i == 0 ? '{' : ',')}{label.Name}=\"{Escape(label.Value, true)}\"");
        }
        writer.Write(series.Labels.Length > 0 ? "} " : " ");
        writer.Write(series.Value.ToString(CultureInfo.InvariantCulture));
        writer.Write($"{suffix}\n");
    }

    private static string Escape(string text, bool alsoQuotes)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return alsoQuotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}
