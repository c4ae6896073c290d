using System.Runtime.InteropServices;
using XTrace.Monitors;

namespace XTrace.Flows;

/// <summary>
/// Measures one monitor: takes a snapshot, and works out what each flow gained since the one before. Flows that made room in the
/// table in between have a row of their own. Keeps two snapshots and swaps them, so that measuring allocates nothing.
/// </summary>
internal sealed class FlowMeter
{
    /// <summary>How many flows that made room are kept until the next snapshot; those beyond are counted.</summary>
    private const int MaxEnded = 1 << 20;

    private readonly Dictionary<uint, PointLedger> _ledgers = [];
    private readonly HashSet<uint> _removed = [];
    private (uint Point, PointLedger? Ledger) _last;
    private FlowSnapshot _current = new();
    private FlowSnapshot _previous = new();
    private EndedFlows _ended = new();
    private EndedFlows _arriving = new();

    /// <summary>
    /// What an earlier sample counted of flows that were neither in the last snapshot nor among the ends that had been read by
    /// then. It is taken off their ends.
    /// </summary>
    private List<FlowRow> _missing = [];
    private List<FlowRow> _missingNow = [];

    /// <summary>The flows of the last snapshot.</summary>
    internal ReadOnlySpan<FlowRow> Rows => _current.Rows;

    /// <summary>The flows that made room before the last snapshot.</summary>
    internal ReadOnlySpan<FlowRow> Ended => _ended.Rows;

    /// <summary>Both; valid until the next snapshot is taken.</summary>
    internal IEnumerable<IFlowRows> Parts => [_current, _ended];

    /// <summary>When the last snapshot was taken.</summary>
    internal ClockCalibration Clock => _current.Clock;

    /// <summary>When the snapshot before was; null if there was none.</summary>
    internal ClockCalibration? PreviousClock => _previous.Buckets == 0 ? null : _previous.Clock;

    /// <summary>A point's sums.</summary>
    internal PointLedger LedgerOf(uint point)
    {
        // Most rows are of the same point as the row before.
        if (_last.Ledger is null || _last.Point != point)
        {
            ref PointLedger? ledger = ref CollectionsMarshal.GetValueRefOrAddDefault(_ledgers, point, out _);
            _last = (point, ledger ??= new PointLedger());
        }
        return _last.Ledger!;
    }

    /// <summary>A point is no longer watched: its sums go when its flows have left the table. Numbers are not given twice.</summary>
    internal void Forget(uint point) => _removed.Add(point);

    /// <summary>Takes note of a flow that made room.</summary>
    internal void AddEnd(in FlowEnd end)
    {
        PointLedger ledger = LedgerOf(end.Flow.Point);
        FrameCount frames = new(end.Flow.Packets, end.Flow.Bytes);
        if (_arriving.TryAdd(end, MaxEnded))
        {
            ledger.Arrived += frames;
        }
        else
        {
            ledger.Lost += frames;
        }
    }

    /// <summary>Takes a snapshot. Gains are measured against the one before.</summary>
    /// <param name="monitor">The monitor.</param>
    /// <param name="isPoint">See <see cref="FlowMonitor.Read"/>.</param>
    internal void Take(FlowMonitor monitor, Func<uint, bool>? isPoint = null)
    {
        (_current, _previous) = (_previous, _current);
        (_ended, _arriving) = (_arriving, _ended);
        (_missing, _missingNow) = (_missingNow, _missing);
        _arriving.Clear();
        _missingNow.Clear();
        monitor.Read(_current, isPoint);
        foreach (ref FlowRow row in CollectionsMarshal.AsSpan(_missing))
        {
            _ended.TakeOff(ref row);
        }
        foreach (PointLedger ledger in _ledgers.Values)
        {
            ledger.InTable = default;
        }
        bool isFirst = _previous.Buckets == 0;
        for (int bucket = 0; bucket < _current.Buckets; bucket++)
        {
            Measure(_current.Bucket(bucket), isFirst ? default : _previous.Bucket(bucket));
        }
        foreach (ref readonly FlowRow row in Ended)
        {
            LedgerOf(row.Point).Gained += row.Gain;
        }
        _removed.RemoveWhere(point => LedgerOf(point).InTable == default && _ledgers.Remove(point));
        _last = default;
    }

    private void Measure(Span<FlowRow> rows, Span<FlowRow> before)
    {
        if (_ended.Count > 0)
        {
            foreach (ref FlowRow row in before)
            {
                _ended.TakeOff(ref row);
            }
        }
        foreach (ref FlowRow row in rows)
        {
            (row.NewPackets, row.NewBytes) = Gain(in row, before);
            PointLedger ledger = LedgerOf(row.Point);
            ledger.InTable += new FrameCount(row.Packets, row.Bytes);
            ledger.Gained += row.Gain;
        }
        foreach (ref readonly FlowRow earlier in before)
        {
            if (earlier.Packets > 0 || earlier.Bytes > 0)
            {
                _missingNow.Add(earlier);
            }
        }
    }

    /// <summary>
    /// The gain of the flow. A flow that made room in between begins anew. A flow that made room on one CPU has lost the count of that
    /// CPU: its gain is not known yet, and shows as none. Counts that are found again are taken off the earlier row. The rest made
    /// room. If its end was reported after the ends were read, it comes with the next snapshot: see <see cref="_missing"/>.
    /// </summary>
    private (ulong Packets, ulong Bytes) Gain(in FlowRow row, Span<FlowRow> before)
    {
        foreach (ref FlowRow earlier in before)
        {
            if (!earlier.IsSameFlow(in row))
            {
                continue;
            }
            if ((int)(row.FirstSeen - _previous.EndJiffies) > 0)
            {
                break;
            }
            FrameCount found = new(Math.Min(row.Packets, earlier.Packets), Math.Min(row.Bytes, earlier.Bytes));
            (earlier.Packets, earlier.Bytes) = (earlier.Packets - found.Packets, earlier.Bytes - found.Bytes);
            return (row.Packets - found.Packets, row.Bytes - found.Bytes);
        }
        return (row.Packets, row.Bytes);
    }
}

/// <summary>A point's frames, added up over its flows.</summary>
internal sealed class PointLedger
{
    /// <summary>The sum of the flows in the last snapshot.</summary>
    internal FrameCount InTable { get; set; }

    /// <summary>The sum of flows that made room and were reported, since the start.</summary>
    internal FrameCount Arrived { get; set; }

    /// <summary>The part that was too much to keep.</summary>
    internal FrameCount Lost { get; set; }

    /// <summary>All gains of all samples.</summary>
    internal FrameCount Gained { get; set; }
}
