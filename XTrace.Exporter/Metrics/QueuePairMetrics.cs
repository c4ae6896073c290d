using System.Diagnostics;
using System.Globalization;
using System.Numerics;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// Queue pairs as metrics. The largest of each port have series of their own, and all others share one. In each of the three metrics
/// of a port, the series and the retired counts add up to what all of its queue pairs gained.
/// </summary>
/// <param name="top">How many queue pairs of each port have a name.</param>
internal sealed class QueuePairMetrics(int top)
{
    private const string Other = "other";

    private readonly Dictionary<(string Device, int Port), PortSeries> _ports = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private Dictionary<(string, int, int), QueuePairCount> _last = [];
    private Dictionary<(string, int, int), QueuePairCount> _before = [];

    /// <summary>Takes in a sample, and makes metrics of it.</summary>
    internal IEnumerable<MetricFamily> Take(IReadOnlyList<RdmaQueuePair> sample) => Take(sample, Stopwatch.GetElapsedTime(_start));

    /// <param name="sample">The queue pairs that there are.</param>
    /// <param name="now">Time on a clock that does not jump.</param>
    internal IEnumerable<MetricFamily> Take(IReadOnlyList<RdmaQueuePair> sample, TimeSpan now)
    {
        (_last, _before) = (_before, _last);
        _last.Clear();
        foreach (IGrouping<(string, int), RdmaQueuePair> port in sample
            .Where(pair => pair.Port is not null).GroupBy(pair => (pair.Device, pair.Port!.Value)))
        {
            if (!_ports.TryGetValue(port.Key, out PortSeries? series))
            {
                series = _ports[port.Key] = new PortSeries(port.Key, new(top));
            }
            Take(series, [.. port], now);
        }
        return [.. Measure.All.SelectMany(Families), States(sample), Ambiguous(sample)];
    }

    private void Take(PortSeries port, RdmaQueuePair[] queuePairs, TimeSpan now)
    {
        PriorityQueue<QueuePairName, ulong> greatest = new();
        foreach (RdmaQueuePair pair in queuePairs)
        {
            QueuePairName name = QueuePairName.From(pair);
            QueuePairCount gain = Gain(pair);
            port.Series.Add(name, gain);
            ulong weight = gain.Sent + gain.Received;
            if (weight > 0)
            {
                greatest.Enqueue(name, weight);
                _ = greatest.Count > top && greatest.TryDequeue(out _, out _);
            }
        }
        while (greatest.TryDequeue(out QueuePairName? name, out _))
        {
            port.Series.Name(name, now, name => [.. port.Labels, .. name.Labels]);
        }
    }

    /// <summary>The gain since the previous sample. A number that was given again begins with 0.</summary>
    private QueuePairCount Gain(RdmaQueuePair pair)
    {
        (string, int, int) key = (pair.Device, pair.Port!.Value, pair.QueuePair);
        QueuePairCount count = new(pair.SentPackets ?? 0, pair.ReceivedPackets ?? 0, pair.EstimatedSentBytes ?? 0);
        QueuePairCount before = _before.GetValueOrDefault(key);
        _last[key] = count;
        bool isAnother = count.Sent < before.Sent || count.Received < before.Received;
        return isAnother ? count : count - before;
    }

    private IEnumerable<MetricFamily> Families(Measure measure)
    {
        MetricFamily family = MetricFamily.Counter(
            $"xtrace_rdma_queue_pair_{measure.Name}_total",
            $"{measure.What} of the greatest queue pairs, each since it has a series, and of all others together.");
        MetricFamily retired = MetricFamily.Counter(
            $"xtrace_rdma_queue_pair_retired_{measure.Name}_total",
            $"{measure.What} in series that have ended because a greater queue pair took their place. Not for rates.");
        foreach (PortSeries port in _ports.Values)
        {
            port.Series.AddTo(family, count => measure.Value(count), [.. port.Labels, new("queue_pair", Other)]);
            retired.Add(measure.Value(port.Series.Retired), port.Labels);
        }
        return [family, retired];
    }

    private static MetricFamily States(IReadOnlyList<RdmaQueuePair> sample)
    {
        MetricFamily family = MetricFamily.Gauge("xtrace_rdma_queue_pairs", "Queue pairs by type and state.");
        foreach (var group in sample.GroupBy(pair => (pair.Device, pair.Port, pair.Type, pair.State)))
        {
            family.Add(
                group.Count(),
                [
                    new("device", group.Key.Device),
                    .. QueuePairName.Known(
                        new("port", Text(group.Key.Port)), new("type", $"{group.Key.Type}"), new("state", $"{group.Key.State}")),
                ]);
        }
        return family;
    }

    private static MetricFamily Ambiguous(IReadOnlyList<RdmaQueuePair> sample)
    {
        MetricFamily family = MetricFamily.Gauge(
            "xtrace_rdma_queue_pairs_ambiguous", "Queue pairs whose counts may be too low, because their numbers may have wrapped unseen.");
        foreach (IGrouping<string, RdmaQueuePair> device in sample.GroupBy(pair => pair.Device))
        {
            family.Add(device.Count(pair => pair.IsAmbiguous), new Label("device", device.Key));
        }
        return family;
    }

    internal static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    private sealed record PortSeries((string Device, int Port) Key, NamedSeries<QueuePairName, QueuePairCount> Series)
    {
        internal Label[] Labels { get; } = [new("device", Key.Device), new("port", Text(Key.Port))];
    }

    private sealed record Measure(string Name, string What, Func<QueuePairCount, ulong> Value)
    {
        internal static readonly Measure[] All =
        [
            new("sent_packets", "Packets sent, each once,", count => count.Sent),
            new("received_packets", "Packets received, each once,", count => count.Received),
            new("estimated_sent_bytes", "Estimated bytes sent", count => count.SentBytes),
        ];
    }
}

/// <summary>The identity of a queue pair, also against a later one with its number.</summary>
internal sealed record QueuePairName(int Number, RdmaQueuePairType? Type, string? RemoteAddress, int? RemoteNumber, string? Owner)
{
    internal static QueuePairName From(RdmaQueuePair pair) =>
        new(pair.QueuePair, pair.Type, pair.RemoteAddress, pair.RemoteQueuePair, pair.Owner);

    internal Label[] Labels => Known(
        new("queue_pair", QueuePairMetrics.Text(Number)),
        new("type", $"{Type}"),
        new("remote_address", RemoteAddress ?? ""),
        new("remote_queue_pair", QueuePairMetrics.Text(RemoteNumber)),
        new("owner", Owner ?? ""));

    /// <summary>Labels without those that have no value.</summary>
    internal static Label[] Known(params Label[] labels) => Array.FindAll(labels, label => label.Value.Length > 0);
}

/// <summary>The packets that a queue pair sent and received.</summary>
internal readonly record struct QueuePairCount(ulong Sent, ulong Received, ulong SentBytes)
    : IAdditionOperators<QueuePairCount, QueuePairCount, QueuePairCount>
{
    public static QueuePairCount operator +(QueuePairCount one, QueuePairCount other) =>
        new(one.Sent + other.Sent, one.Received + other.Received, one.SentBytes + other.SentBytes);

    public static QueuePairCount operator -(QueuePairCount one, QueuePairCount other) =>
        new(one.Sent - other.Sent, one.Received - other.Received, one.SentBytes - other.SentBytes);
}
