namespace XTrace.Exporter.Metrics;

/// <summary>How a metric moves.</summary>
internal enum MetricType
{
    /// <summary>It only grows. Its name ends with <c>_total</c>.</summary>
    Counter,
    /// <summary>It rises and falls.</summary>
    Gauge,
}

/// <summary>A label of a series.</summary>
internal readonly record struct Label(string Name, string Value);

/// <summary>A series at one moment.</summary>
/// <param name="Labels">Its labels.</param>
/// <param name="Value">Its value. Prometheus has 53 bits for it.</param>
internal readonly record struct Series(Label[] Labels, double Value)
{
    /// <summary>The labels, and those of others whose names they do not have.</summary>
    internal Label[] With(IReadOnlyList<Label> others)
    {
        Label[] own = Labels;
        return [.. own, .. others.Where(other => !Array.Exists(own, label => label.Name == other.Name))];
    }
}

/// <summary>A metric with all its series.</summary>
/// <param name="name">Its name, with <c>_total</c> for a counter.</param>
/// <param name="type">How it moves.</param>
/// <param name="help">What it means, in English as all metrics are.</param>
internal sealed class MetricFamily(string name, MetricType type, string help)
{
    internal string Name { get; } = name;

    internal MetricType Type { get; } = type;

    internal string Help { get; } = help;

    internal List<Series> Series { get; } = [];

    internal void Add(double value, params Label[] labels) => Series.Add(new Series(labels, value));

    internal static MetricFamily Counter(string name, string help) => new(name, MetricType.Counter, help);

    internal static MetricFamily Gauge(string name, string help) => new(name, MetricType.Gauge, help);
}
