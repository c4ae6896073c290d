using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter;

/// <summary>
/// An output takes the samples of the exporter: for a collector, a database, or a scraper of metrics. Each is in one file. An output that
/// sends something over the network puts it into a <see cref="Courier"/>, which has the buffer, the thread and the patience.
/// </summary>
internal interface IFlowOutput : IDisposable
{
    /// <summary>Its name in messages and metrics, for example <c>ipfix udp://10.0.0.1:4739</c>.</summary>
    string Name { get; }

    /// <summary>How it fares; null where it sends nothing by itself. Asked for from any thread.</summary>
    OutputHealth? Health { get; }

    /// <summary>Whether it needs the counters of RDMA devices. They are read only for outputs that do.</summary>
    bool NeedsRdma { get; }

    /// <summary>Begins its work.</summary>
    /// <exception cref="XTraceException">It cannot: an address to listen on is taken, or a file cannot be read.</exception>
    void Start();

    /// <summary>
    /// Takes flow records that are due, some of a sample's, before <see cref="Take"/> takes the sample. Over all samples they hold every
    /// gain exactly once. On the sampling thread, and valid until it returns.
    /// </summary>
    void Add(ReadOnlySpan<FlowRecord> records, ClockCalibration clock)
    {
    }

    /// <summary>
    /// Takes a sample. Called on the sampling thread, which must not wait for a network. The sample is valid until it returns.
    /// </summary>
    void Take(ExportSample sample);

    /// <summary>Sends the remaining data, for at most this long. No samples follow.</summary>
    void Finish(TimeSpan patience);
}

/// <summary>The input of outputs at each sample.</summary>
internal sealed class ExportSample
{
    /// <summary>The flows with their gains (<see cref="FlowSample.RowsOf"/>), and the points with their totals.</summary>
    internal required FlowSample Flows { get; init; }

    /// <summary>Flow records that were made until now.</summary>
    internal required ulong Records { get; init; }

    /// <summary>The sums over all points that there are, and that there were.</summary>
    internal required ExportTotals Totals { get; init; }

    /// <summary>The counters of RDMA devices; null where no output needs them.</summary>
    internal RdmaSample? Rdma { get; init; }

    /// <summary>All outputs, for their health.</summary>
    internal required IReadOnlyList<IFlowOutput> Outputs { get; init; }

    /// <summary>Whether there is no other sample after this one.</summary>
    internal bool IsLast { get; init; }
}

/// <summary>
/// Frames since the exporter began. At rest, after the last sample:
/// <c>Seen == records + Ignored + Missed</c>, and each output has sent, or counts as given up, all records.
/// </summary>
/// <param name="Seen">What the interfaces counted.</param>
/// <param name="Ignored">Filtered or malformed.</param>
/// <param name="Missed">Of flows that the kernel had to forget before anybody read them.</param>
internal readonly record struct ExportTotals(FrameCount Seen, FrameCount Ignored, FrameCount Missed)
{
    public static ExportTotals operator +(ExportTotals one, ExportTotals other) =>
        new(one.Seen + other.Seen, one.Ignored + other.Ignored, one.Missed + other.Missed);

    /// <summary>A point's.</summary>
    internal static ExportTotals From(WatchedPoint point) => new(point.Seen, point.Ignored, point.Missed);
}

/// <summary>So many flow records, and the frames in them.</summary>
internal readonly record struct RecordCount(ulong Flows, FrameCount Frames)
{
    public static RecordCount operator +(RecordCount one, RecordCount other) => new(one.Flows + other.Flows, one.Frames + other.Frames);

    public static RecordCount operator -(RecordCount one, RecordCount other) => new(one.Flows - other.Flows, one.Frames - other.Frames);
}

/// <summary>How an output fares, at one moment.</summary>
/// <param name="IsConnected">Whether the last thing that was tried succeeded.</param>
/// <param name="Sent">What was handed over since the start.</param>
/// <param name="Waiting">What waits in the buffer.</param>
/// <param name="WaitingBytes">How many bytes of the buffer it takes.</param>
/// <param name="GivenUp">What was given up since the start, because the buffer was full or the time at the end was over.</param>
/// <param name="Messages">How many messages were handed over.</param>
/// <param name="Failures">How often handing over failed, and was tried again.</param>
internal readonly record struct OutputHealth(
    bool IsConnected, RecordCount Sent, RecordCount Waiting, long WaitingBytes, RecordCount GivenUp, ulong Messages, ulong Failures);
