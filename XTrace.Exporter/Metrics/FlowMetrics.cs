using System.Diagnostics;
using XTrace.Flows;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// Flows and interfaces as metrics. At rest, in each direction of an interface:
/// <c>xtrace_interface_… = sum(xtrace_network_…) + xtrace_network_retired_… + xtrace_interface_ignored_…
/// + xtrace_interface_missed_…</c>.
/// </summary>
/// <param name="top">How many flows of each interface and direction have a name.</param>
internal sealed class FlowMetrics(int top)
{
    private readonly Dictionary<(string, FlowDirection), PointMetrics> _points = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Takes in a sample, and makes metrics of it.</summary>
    internal IEnumerable<MetricFamily> Take(FlowSample sample)
    {
        TimeSpan now = Stopwatch.GetElapsedTime(_start);
        foreach (WatchedPoint point in sample.Points)
        {
            (string, FlowDirection) key = (point.InterfaceName, point.Direction);
            if (!_points.TryGetValue(key, out PointMetrics? metrics))
            {
                metrics = _points[key] = new PointMetrics(point.InterfaceName, point.Direction, top);
            }
            metrics.Take(point, sample.RowsOf(point), sample.Number, now);
        }
        // Those that are over were in the sample before for the last time.
        foreach (((string, FlowDirection) key, PointMetrics point) in _points)
        {
            if (point.Sample != sample.Number)
            {
                _points.Remove(key);
            }
        }
        return [.. Flows, .. Interfaces, Table, Drops];
    }

    private IEnumerable<MetricFamily> Flows =>
        from measure in Measure.All
        from family in new[] { FlowsIn(measure), RetiredIn(measure) }
        select family;

    private IEnumerable<MetricFamily> Interfaces =>
        from measure in Measure.All
        from family in new[]
        {
            Totals($"xtrace_interface_{measure.Unit}_total", $"{measure.What} that the interface counted.", measure, totals => totals.Seen),
            Totals(
                $"xtrace_interface_ignored_{measure.Unit}_total",
                $"{measure.What} in no flow, because a filter left them out or they were malformed.",
                measure,
                totals => totals.Ignored),
            Totals(
                $"xtrace_interface_missed_{measure.Unit}_total",
                $"{measure.What} of flows that the kernel had to forget before they were read.",
                measure,
                totals => totals.Missed),
        }
        select family;

    private MetricFamily Table
    {
        get
        {
            MetricFamily family = MetricFamily.Gauge("xtrace_interface_flows", "Flows in the table.");
            foreach (PointMetrics point in _points.Values)
            {
                family.Add(point.Flows, point.Labels);
            }
            return family;
        }
    }

    private MetricFamily Drops
    {
        get
        {
            MetricFamily family = MetricFamily.Counter(
                "xtrace_interface_queue_drops_total",
                "Packets that the interface's queueing discipline dropped after they were counted.");
            foreach (PointMetrics point in _points.Values.Where(point => point.QueueDrops is not null))
            {
                family.Add(point.QueueDrops!.Value, point.Labels);
            }
            return family;
        }
    }

    private MetricFamily FlowsIn(Measure measure)
    {
        MetricFamily family = MetricFamily.Counter(
            $"xtrace_network_{measure.Unit}_total",
            $"{measure.What} of the greatest flows, each since it has a series, and of all other flows together.");
        foreach (PointMetrics point in _points.Values)
        {
            point.Series.AddTo(family, count => measure.Value(count), FlowLabels.Other(point.Labels));
        }
        return family;
    }

    private MetricFamily RetiredIn(Measure measure)
    {
        MetricFamily family = MetricFamily.Counter(
            $"xtrace_network_retired_{measure.Unit}_total",
            $"{measure.What} in series that have ended because a greater flow took their place. Not for rates.");
        foreach (PointMetrics point in _points.Values)
        {
            family.Add(measure.Value(point.Series.Retired), point.Labels);
        }
        return family;
    }

    private MetricFamily Totals(string name, string help, Measure measure, Func<ExportTotals, FrameCount> which)
    {
        MetricFamily family = MetricFamily.Counter(name, help);
        foreach (PointMetrics point in _points.Values)
        {
            family.Add(measure.Value(which(point.Totals)), point.Labels);
        }
        return family;
    }

    /// <summary>Bytes or packets.</summary>
    private sealed record Measure(string Unit, string What, Func<FrameCount, ulong> Value)
    {
        internal static readonly Measure[] All =
        [
            new("bytes", "L2 bytes without FCS", count => count.Bytes),
            new("packets", "Frames", count => count.Packets),
        ];
    }
}
