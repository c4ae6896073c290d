using XTrace.Flows;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// One interface in one direction: its totals, and its flows with and without a name. Frames are in <see cref="Series"/>, or in
/// <see cref="Totals"/> as ignored or missed.
/// </summary>
/// <param name="interfaceName">The interface.</param>
/// <param name="direction">The direction.</param>
/// <param name="top">How many flows have a name.</param>
internal sealed class PointMetrics(string interfaceName, FlowDirection direction, int top)
{
    private ExportTotals _ended;

    internal Label[] Labels { get; } = FlowLabels.Point(interfaceName, direction);

    internal NamedSeries<FlowKey, FrameCount> Series { get; } = new(top);

    /// <summary>The counts of the interface, also from before it disappeared and came back.</summary>
    internal ExportTotals Totals { get; private set; }

    /// <summary>Flows in the last sample.</summary>
    internal int Flows { get; private set; }

    /// <summary>Packets that the queueing discipline dropped. Null for ingress, which has no queueing discipline.</summary>
    internal ulong? QueueDrops { get; private set; }

    /// <summary>The sample it was last in.</summary>
    internal long Sample { get; private set; }

    /// <summary>Adds the counts of a sample.</summary>
    /// <param name="point">The point.</param>
    /// <param name="rows">Its flows.</param>
    /// <param name="sample">The sample's number.</param>
    /// <param name="now">Time on a clock that does not jump.</param>
    internal void Take(WatchedPoint point, FlowRows rows, long sample, TimeSpan now)
    {
        (Sample, Flows) = (sample, rows.Length);
        QueueDrops = direction == FlowDirection.Egress ? point.QueueDrops : null;
        Totals = _ended + ExportTotals.From(point);
        if (point.IsOver)
        {
            _ended = Totals;
        }
        foreach (ref readonly FlowRow row in rows)
        {
            Series.Add(in row.Key, row.Gain);
        }
        foreach (int index in FlowSelection.Top(rows, top, row => row.NewBytes, row => row.NewPackets > 0))
        {
            Series.Name(in rows[index].Key, now, key => FlowLabels.Flow(Labels, in key));
        }
    }
}
