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

    private readonly Dictionary<uint, ulong> _lost = [];
    private FlowSnapshot _current = new();
    private FlowSnapshot _previous = new();
    private EndedFlows _ended = new();
    private EndedFlows _arriving = new();

    /// <summary>The flows of the last snapshot.</summary>
    internal ReadOnlySpan<FlowRow> Rows => _current.Rows;

    /// <summary>The flows that made room before the last snapshot.</summary>
    internal ReadOnlySpan<FlowRow> Ended => _ended.Rows;

    /// <summary>When the last snapshot was taken.</summary>
    internal ClockCalibration Clock => _current.Clock;

    /// <summary>When the snapshot before was; null if there was none.</summary>
    internal ClockCalibration? PreviousClock => _previous.Buckets == 0 ? null : _previous.Clock;

    /// <summary>Takes note of a flow that made room.</summary>
    internal void AddEnd(in FlowEnd end)
    {
        if (!_arriving.TryAdd(end, MaxEnded))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_lost, end.Flow.Point, out _) += end.Flow.Packets;
        }
    }

    /// <summary>A point's frames of flows that made room and were too many to keep.</summary>
    internal ulong LostPackets(uint point) => _lost.GetValueOrDefault(point);

    /// <summary>Takes a snapshot; what was current becomes what gains are measured against.</summary>
    internal void Take(FlowMonitor monitor)
    {
        (_current, _previous) = (_previous, _current);
        (_ended, _arriving) = (_arriving, _ended);
        _arriving.Clear();
        monitor.Read(_current);
        bool isFirst = _previous.Buckets == 0;
        for (int bucket = 0; bucket < _current.Buckets; bucket++)
        {
            Measure(_current.Bucket(bucket), isFirst ? default : _previous.Bucket(bucket));
        }
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
        }
    }

    /// <summary>
    /// What the flow gained. One that made room in between has begun anew; one that lost the count of one CPU, because it made room
    /// there unreported, has a gain that nobody can tell, and shows none.
    /// </summary>
    private (ulong Packets, ulong Bytes) Gain(in FlowRow row, ReadOnlySpan<FlowRow> before)
    {
        foreach (ref readonly FlowRow earlier in before)
        {
            if (earlier.IsSameFlow(in row))
            {
                bool isNew = (int)(row.FirstSeen - _previous.Clock.Jiffies) > 0;
                return isNew ? (row.Packets, row.Bytes)
                    : earlier.Packets <= row.Packets && earlier.Bytes <= row.Bytes
                    ? (row.Packets - earlier.Packets, row.Bytes - earlier.Bytes)
                    : (0, 0);
            }
        }
        return (row.Packets, row.Bytes);
    }
}
