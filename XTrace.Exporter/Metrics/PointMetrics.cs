using XTrace.Flows;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// One interface in one direction: its totals, and its flows with and without a name. Frames are in the series of a flow with a
/// name, or in <see cref="Other"/>, or in <see cref="Retired"/>, or in <see cref="Totals"/> as ignored or missed.
/// </summary>
/// <param name="interfaceName">The interface.</param>
/// <param name="direction">The direction.</param>
/// <param name="top">How many flows have a name.</param>
internal sealed class PointMetrics(string interfaceName, FlowDirection direction, int top)
{
    /// <summary>A flow keeps its name for so long after it was last among the greatest: so few new series can begin.</summary>
    internal static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    private readonly Dictionary<FlowKey, NamedFlow> _named = [];
    private ExportTotals _ended;

    internal Label[] Labels { get; } = FlowLabels.Point(interfaceName, direction);

    /// <summary>The flows that have a name.</summary>
    internal IReadOnlyCollection<NamedFlow> Named => _named.Values;

    /// <summary>Of flows while they had no name.</summary>
    internal FrameCount Other { get; private set; }

    /// <summary>Of flows that had a name and gave it to a greater one: what their series had counted.</summary>
    internal FrameCount Retired { get; private set; }

    /// <summary>What the interface counted, also before it went and came back.</summary>
    internal ExportTotals Totals { get; private set; }

    /// <summary>Flows in the last sample.</summary>
    internal int Flows { get; private set; }

    /// <summary>Packets that the queueing discipline dropped; null for what arrives, which has passed none.</summary>
    internal ulong? QueueDrops { get; private set; }

    /// <summary>The sample it was last in.</summary>
    internal long Sample { get; private set; }

    /// <summary>Takes in what was counted.</summary>
    /// <param name="point">The point.</param>
    /// <param name="rows">Its flows.</param>
    /// <param name="sample">The sample's number.</param>
    /// <param name="now">Time on a clock that does not jump.</param>
    internal void Take(WatchedPoint point, FlowRows rows, long sample, TimeSpan now)
    {
        (Sample, Flows) = (sample, rows.Length);
        QueueDrops = direction == FlowDirection.Egress ? point.QueueDrops : null;
        Totals = _ended + ExportTotals.Of(point);
        if (point.IsOver)
        {
            _ended = Totals;
        }
        foreach (ref readonly FlowRow row in rows)
        {
            if (_named.TryGetValue(row.Key, out NamedFlow? flow))
            {
                flow.Count += row.Gain;
            }
            else
            {
                Other += row.Gain;
            }
        }
        foreach (FlowRow row in FlowSelection.Top(rows, top, row => row.NewBytes, row => row.NewPackets > 0))
        {
            Name(in row.Key, now);
        }
    }

    /// <summary>
    /// Gives a flow a name, or keeps it. Its series begins with 0, so that its whole growth is seen; what it had counted before is
    /// in <see cref="Other"/>.
    /// </summary>
    private void Name(in FlowKey key, TimeSpan now)
    {
        if (_named.TryGetValue(key, out NamedFlow? flow))
        {
            flow.LastAmongTop = now;
        }
        else if (_named.Count < top || Retire(now))
        {
            _named.Add(key, new NamedFlow(FlowLabels.Flow(Labels, in key)) { LastAmongTop = now });
        }
    }

    private bool Retire(TimeSpan now)
    {
        (FlowKey key, NamedFlow flow) = _named.MinBy(named => named.Value.LastAmongTop);
        if (now - flow.LastAmongTop < Hold)
        {
            return false;
        }
        Retired += flow.Count;
        return _named.Remove(key);
    }
}

/// <summary>A flow that has a series of its own.</summary>
internal sealed class NamedFlow(Label[] labels)
{
    internal Label[] Labels { get; } = labels;

    /// <summary>What it gained since it has a name.</summary>
    internal FrameCount Count { get; set; }

    /// <summary>When it was last among the greatest.</summary>
    internal TimeSpan LastAmongTop { get; set; }
}
