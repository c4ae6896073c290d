using XTrace.Flows;
using XTrace.Processes;

namespace XTrace;

/// <summary>One sample of everything that a session watches: its flows are valid until the session takes the next.</summary>
public sealed class FlowSample
{
    private static readonly RowTest s_any = (in FlowRow _) => true;

    private readonly FlowFilter _filter;
    private readonly OwnerFilter _owner;
    private readonly bool _wantsDetails;
    private IFlowRows[] _parts = [];
    private int[] _numbers = [];

    /// <param name="filter">The flows that are wanted.</param>
    /// <param name="owner">The owner of the flows. Null: any.</param>
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

    /// <summary>The owners of flows. Null if nobody asked.</summary>
    internal FlowOwners? Owners { get; set; }

    /// <summary>The points that it is of, in the order they were asked for.</summary>
    internal IReadOnlyList<WatchedPoint> Points { get; private set; } = [];

    /// <summary>The flows of all points, in no particular order within one.</summary>
    /// <param name="activeWithin">Leaves out flows that have been silent for this long. Null: none.</param>
    public IEnumerable<FlowStat> Flows(TimeSpan? activeWithin = null) => Points.SelectMany(point => Flows(point, activeWithin));

    /// <summary>Tells why flows that were handed out, or left out by their process, have none.</summary>
    public void ReportGaps() => Owners?.ReportGaps();

    /// <summary>The n greatest flows of each interface and direction, greatest first, without sorting the rest.</summary>
    /// <param name="n">How many.</param>
    /// <param name="order">The order.</param>
    /// <param name="activeWithin">Leaves out flows that have been silent for this long. Null: none.</param>
    public IEnumerable<FlowStat> Top(int n, FlowOrder order, TimeSpan? activeWithin = null) =>
        Points.SelectMany(point => FlowSelection
            .Top(RowsOf(point), n, row => WeightOf(in row, order), row => IsActive(in row, activeWithin) && IsWanted(in row, point))
            .Select(index => Project(point.FirstRow + index, point, s_any)!));

    internal IEnumerable<FlowStat> Flows(WatchedPoint point, TimeSpan? activeWithin) =>
        Project(point, (in FlowRow row) => IsActive(in row, activeWithin));

    /// <summary>The flows of a point that gained something since the sample before, or are over.</summary>
    internal IEnumerable<FlowStat> ActiveFlows(WatchedPoint point) =>
        Project(point, (in FlowRow row) => row.NewPackets > 0 || row.EndReason != FlowEndReason.None);

    /// <summary>The rows of a point, those that made room included.</summary>
    internal FlowRows RowsOf(WatchedPoint point) => new(_parts, _numbers.AsSpan(point.FirstRow, point.EndRow - point.FirstRow));

    /// <summary>How many rows all points have.</summary>
    internal int Rows { get; private set; }

    /// <summary>A row by its place.</summary>
    internal ref readonly FlowRow RowAt(int place)
    {
        (IFlowRows part, int number) = FlowRows.Find(_parts, _numbers[place]);
        return ref part.Rows[number];
    }

    /// <summary>The point of a row.</summary>
    internal WatchedPoint PointAt(int place)
    {
        int point = 0;
        while (place >= Points[point].EndRow)
        {
            point++;
        }
        return Points[point];
    }

    /// <summary>The object of a row.</summary>
    internal FlowStat StatAt(int place) => Project(place, PointAt(place), s_any)!;

    /// <summary>Finds the rows that are wanted, point by point.</summary>
    internal void Fill(IReadOnlyList<Sessions.FlowSource> sources, IReadOnlyList<WatchedPoint> points)
    {
        Points = points;
        _parts = [.. sources.SelectMany(source => source.Meter.Parts)];
        foreach (WatchedPoint point in points)
        {
            point.EndRow = 0;
        }
        ForEachRow(sources, (int _, in FlowRow _, WatchedPoint point) => point.EndRow++);
        Rows = 0;
        foreach (WatchedPoint point in points)
        {
            int rows = point.EndRow;
            point.FirstRow = point.EndRow = Rows;
            Rows += rows;
        }
        if (_numbers.Length < Rows)
        {
            _numbers = new int[Math.Max(Rows, _numbers.Length * 2)];
        }
        ForEachRow(sources, (int number, in FlowRow _, WatchedPoint point) => _numbers[point.EndRow++] = number);
        if (!_filter.IsEmpty)
        {
            ForEachRow(sources, (int _, in FlowRow row, WatchedPoint point) => point.LeftOut += row.Gain, wanted: false);
        }
    }

    private delegate void RowAction(int number, in FlowRow row, WatchedPoint point);

    private delegate bool RowTest(in FlowRow row);

    private void ForEachRow(IReadOnlyList<Sessions.FlowSource> sources, RowAction action, bool wanted = true)
    {
        int number = 0;
        foreach (Sessions.FlowSource source in sources)
        {
            // Most rows are of the same point as the row before.
            (uint Id, WatchedPoint? Point)? last = null;
            foreach (IFlowRows part in source.Meter.Parts)
            {
                foreach (ref readonly FlowRow row in part.Rows)
                {
                    if (last?.Id != row.Point)
                    {
                        last = (row.Point, source.PointOf(in row));
                    }
                    if (last.Value.Point is { } point && (_filter.IsEmpty || _filter.Matches(in row.Key)) == wanted)
                    {
                        action(number, in row, point);
                    }
                    number++;
                }
            }
        }
    }

    private IEnumerable<FlowStat> Project(WatchedPoint point, RowTest isMeant)
    {
        RowTest isWanted = (in FlowRow row) => isMeant(in row) && IsWanted(in row, point);
        for (int i = point.FirstRow; i < point.EndRow; i++)
        {
            if (Project(i, point, isWanted) is { } flow)
            {
                yield return flow;
            }
        }
    }

    /// <summary>The object of a row, by its place in the choice; null where it is not meant.</summary>
    private FlowStat? Project(int place, WatchedPoint point, RowTest isMeant)
    {
        (IFlowRows part, int number) = FlowRows.Find(_parts, _numbers[place]);
        ref readonly FlowRow row = ref part.Rows[number];
        bool hasDetails = _wantsDetails && point.HasDetails && !part.Details.IsEmpty;
        return isMeant(in row) ? FlowProjection.ToStat(in row, hasDetails ? part.Details[number] : null, point, this) : null;
    }

    private bool IsWanted(in FlowRow row, WatchedPoint point) =>
        _owner.IsEmpty || (Owners is { } owners && _owner.Matches(owners.Find(in row.Key, point), owners));

    private bool IsActive(in FlowRow row, TimeSpan? within) => within is not { } time || Clock.AgeOf(row.LastSeen) <= time;

    private double WeightOf(in FlowRow row, FlowOrder order) => order switch
    {
        FlowOrder.Packets => row.Packets,
        FlowOrder.Bytes => row.Bytes,
        FlowOrder.PacketsPerSecond => row.NewPackets,
        FlowOrder.BytesPerSecond or FlowOrder.Rate => row.NewBytes,
        FlowOrder.Duration => row.LastSeen - row.FirstSeen,
        FlowOrder.LastSeen => -Clock.AgeOf(row.LastSeen).Ticks,
        _ => throw new ArgumentOutOfRangeException(nameof(order)),
    };
}
