using System.Diagnostics;

namespace XTrace.Exporter.Metrics;

/// <summary>Makes metrics of samples, once for all outputs that hand them on.</summary>
/// <param name="top">How many flows of each interface and direction have a name.</param>
/// <param name="topQueuePairs">How many queue pairs of each port have; null where none are read.</param>
internal sealed class MetricCollector(int top, int? topQueuePairs)
{
    private readonly FlowMetrics _flows = new(top);
    private readonly QueuePairMetrics? _queuePairs = topQueuePairs is { } most ? new QueuePairMetrics(most) : null;
    private volatile MetricSnapshot? _last;
    private ExportSample? _taken;

    /// <summary>The last sample's metrics; null before the first.</summary>
    internal MetricSnapshot? Last => _last;

    /// <summary>Takes in a sample. On the sampling thread; any output may be the first to do so.</summary>
    internal MetricSnapshot Take(ExportSample sample)
    {
        if (_taken == sample)
        {
            return _last!;
        }
        DateTime time = DateTime.UtcNow;
        _last = new MetricSnapshot(
            time,
            Stopwatch.GetTimestamp(),
            sample.Outputs,
            [
                .. _flows.Take(sample.Flows),
                .. sample.Rdma is { } rdma ? RdmaMetrics.Collect(rdma) : [],
                .. _queuePairs is not null && sample.Rdma is { } read ? _queuePairs.Take(read.QueuePairs) : [],
                HealthMetrics.Single(
                    MetricFamily.Counter("xtrace_exporter_samples_total", "Samples that were taken."), sample.Flows.Number),
                HealthMetrics.Single(
                    MetricFamily.Counter("xtrace_exporter_records_total", "Flow records that were made."), sample.Records),
                HealthMetrics.Single(
                    MetricFamily.Gauge("xtrace_exporter_last_sample_timestamp_seconds", "When the last sample was taken, Unix time."),
                    (time - DateTime.UnixEpoch).TotalSeconds),
            ]);
        _taken = sample;
        return _last;
    }
}

/// <summary>The metrics of a sample.</summary>
/// <param name="Time">When it was taken.</param>
/// <param name="Taken">The same on a clock that nobody sets, as Stopwatch has it.</param>
/// <param name="Outputs">All outputs, for their health at the moment it is asked for.</param>
/// <param name="OfSample">What does not change until the next sample.</param>
internal sealed record MetricSnapshot(DateTime Time, long Taken, IReadOnlyList<IFlowOutput> Outputs, IReadOnlyList<MetricFamily> OfSample)
{
    /// <summary>All metrics that have series now.</summary>
    internal IEnumerable<MetricFamily> Families =>
        OfSample.Concat(HealthMetrics.Collect(Outputs)).Where(family => family.Series.Count > 0);
}
