using XTrace.Flows;
using XTrace.Processes;

namespace XTrace;

/// <summary>One sample of everything that a session watches: its flows are valid until the session takes the next.</summary>
public sealed class FlowSample
{
    private readonly FlowFilter _filter;
    private readonly OwnerFilter _owner;
    private readonly Dictionary<WatchedPoint, (int Start, int End)> _ranges = [];
    private readonly bool _wantsDetails;
    private FlowRow[] _rows = [];
    private FlowDetails[] _details = [];

    /// <param name="filter">The flows that are wanted.</param>
    /// <param name="owner">Whose; null: everybody's.</param>
    /// <param name="wantsDetails">Whether flows have the details that their monitor keeps.</param>
    internal FlowSample(FlowFilter filter, OwnerFilter? owner = null, bool wantsDetails = false) =>
        (_filter, _owner, _wantsDetails) = (filter, owner ?? new OwnerFilter(), wantsDetails);

    /// <summary>The number of the sample, from 1.</summary>
    public long Number { get; internal set; }

    /// <summary>When it was taken, local time.</summary>
    public DateTime Timestamp { get; internal set; }

    /// <summary>The names of the interfaces that it is of, each once.</summary>
    public IEnumerable<string> Interfaces => Points.Select(point => point.InterfaceName).Distinct();

    internal ClockCalibration Clock { get; set; }

    /// <summary>What is known of processes; null where nobody asked.</summary>
    internal FlowOwners? Owners { get; set; }

    /// <summary>The points that it is of, in the order they were asked for.</summary>
    internal IReadOnlyList<WatchedPoint> Points { get; private set; } = [];

    /// <summary>The flows of all points, in no particular order within one.</summary>
    /// <param name="activeWithin">Leave out flows of which nothing was seen for so long; null: none.</param>
    public IEnumerable<FlowStat> Flows(TimeSpan? activeWithin = null) => Points.SelectMany(point => Flows(point, activeWithin));

    /// <summary>Tells why flows that were handed out, or left out by their process, have none.</summary>
    public void ReportGaps() => Owners?.ReportGaps();

    /// <summary>The n greatest flows of each interface and direction, greatest first, without sorting the rest.</summary>
    /// <param name="n">How many.</param>
    /// <param name="order">What goes first.</param>
    /// <param name="activeWithin">Leave out flows of which nothing was seen for so long; null: none.</param>
    public IEnumerable<FlowStat> Top(int n, FlowOrder order, TimeSpan? activeWithin = null) =>
        Points.SelectMany(point => FlowSelection
            .Top(RowsOf(point), n, row => WeightOf(in row, order), row => IsActive(in row, activeWithin) && IsWanted(in row, point))
            .Select(index => ToStat(_ranges[point].Start + index, point)));

    internal IEnumerable<FlowStat> Flows(WatchedPoint point, TimeSpan? activeWithin)
    {
        (int start, int end) = _ranges[point];
        for (int i = start; i < end; i++)
        {
            if (IsActive(in _rows[i], activeWithin) && IsWanted(in _rows[i], point))
            {
                yield return ToStat(i, point);
            }
        }
    }

    /// <summary>The flows of a point that gained something since the sample before, or are over.</summary>
    internal IEnumerable<FlowStat> ActiveFlows(WatchedPoint point)
    {
        (int start, int end) = _ranges[point];
        for (int i = start; i < end; i++)
        {
            bool isActive = _rows[i].NewPackets > 0 || _rows[i].EndReason != FlowEndReason.None;
            if (isActive && IsWanted(in _rows[i], point))
            {
                yield return ToStat(i, point);
            }
        }
    }

    /// <summary>The rows of a point, those that made room included.</summary>
    internal ReadOnlySpan<FlowRow> RowsOf(WatchedPoint point)
    {
        (int start, int end) = _ranges[point];
        return _rows.AsSpan(start, end - start);
    }

    /// <summary>Collects the rows that are wanted, point by point.</summary>
    internal void Fill(IReadOnlyList<Sessions.FlowSource> sources, IReadOnlyList<WatchedPoint> points)
    {
        Points = points;
        Dictionary<WatchedPoint, int> counts = points.ToDictionary(point => point, _ => 0);
        ForEachRow(sources, (in FlowRow _, in FlowDetails _, WatchedPoint point) => counts[point]++);
        int total = 0;
        _ranges.Clear();
        foreach (WatchedPoint point in points)
        {
            _ranges[point] = (total, total);
            total += counts[point];
        }
        if (_rows.Length < total)
        {
            _rows = new FlowRow[Math.Max(total, _rows.Length * 2)];
            _details = new FlowDetails[_wantsDetails ? _rows.Length : 0];
        }
        ForEachRow(sources, (in FlowRow row, in FlowDetails details, WatchedPoint point) =>
        {
            (int start, int end) = _ranges[point];
            _rows[end] = row;
            if (_wantsDetails)
            {
                _details[end] = details;
            }
            _ranges[point] = (start, end + 1);
        });
        if (!_filter.IsEmpty)
        {
            ForEachRow(sources, (in FlowRow row, in FlowDetails _, WatchedPoint point) => point.LeftOut += row.Gain, wanted: false);
        }
    }

    private delegate void RowAction(in FlowRow row, in FlowDetails details, WatchedPoint point);

    private void ForEachRow(IReadOnlyList<Sessions.FlowSource> sources, RowAction action, bool wanted = true)
    {
        foreach (Sessions.FlowSource source in sources)
        {
            ForEachRow(source, source.Meter.Rows, source.Meter.Details, action, wanted);
            ForEachRow(source, source.Meter.Ended, source.Meter.EndedDetails, action, wanted);
        }
    }

    private void ForEachRow(
        Sessions.FlowSource source, ReadOnlySpan<FlowRow> rows, ReadOnlySpan<FlowDetails> details, RowAction action, bool wanted)
    {
        FlowDetails none = default;
        for (int i = 0; i < rows.Length; i++)
        {
            ref readonly FlowRow row = ref rows[i];
            if (source.PointOf(in row) is { } point && (_filter.IsEmpty || _filter.Matches(in row.Key)) == wanted)
            {
                action(in row, in (details.IsEmpty ? ref none : ref details[i]), point);
            }
        }
    }

    private FlowStat ToStat(int index, WatchedPoint point)
    {
        FlowDetails? details = _wantsDetails && point.HasDetails ? _details[index] : null;
        return FlowProjection.ToStat(in _rows[index], details, point, this);
    }

    private bool IsWanted(in FlowRow row, WatchedPoint point) =>
        _owner.IsEmpty || (Owners is { } owners && _owner.Matches(owners.Find(in row.Key, point), owners));

    private bool IsActive(in FlowRow row, TimeSpan? within) => within is not { } time || Clock.AgeOf(row.LastSeen) <= time;

    private double WeightOf(in FlowRow row, FlowOrder order) => order switch
    {
        FlowOrder.Packets => row.Packets,
        FlowOrder.Bytes => row.Bytes,
        FlowOrder.PacketsPerSecond => row.NewPackets,
        FlowOrder.BytesPerSecond => row.NewBytes,
        FlowOrder.Duration => row.LastSeen - row.FirstSeen,
        FlowOrder.LastSeen => -Clock.AgeOf(row.LastSeen).Ticks,
        _ => throw new ArgumentOutOfRangeException(nameof(order)),
    };
}
