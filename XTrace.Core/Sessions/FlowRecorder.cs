using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Sessions;

/// <summary>A flow record: what a flow gained since its record before, and why it is made now.</summary>
/// <param name="Point">Where the flow was counted.</param>
/// <param name="Row">The flow. NewPackets and NewBytes are the record's; FirstSeen is the first frame's of the record, to a sample.</param>
internal readonly record struct FlowRecord(WatchedPoint Point, FlowRow Row);

/// <summary>
/// Makes flow records of samples (RFC 7011, RFC 5102 flowEndReason). A flow has a record when nothing was seen of it for the
/// idle timeout, when it has gone on for the active timeout, when it made room in the table, and when its interface is gone.
/// Every gain of every sample is in exactly one record.
/// </summary>
internal sealed class FlowRecorder(TimeSpan idle, TimeSpan active)
{
    private readonly Dictionary<(WatchedPoint, FlowKey), OpenFlow> _open = [];
    private readonly List<FlowRecord> _records = [];
    private long _sample;

    /// <summary>Flows with gains that are in no record yet.</summary>
    internal int OpenCount => _open.Count;

    /// <summary>Takes in a sample.</summary>
    /// <returns>The records that it makes due; valid until the next call.</returns>
    internal IReadOnlyList<FlowRecord> Process(FlowSample sample)
    {
        _records.Clear();
        _sample++;
        foreach (WatchedPoint point in sample.Points)
        {
            foreach (ref readonly FlowRow row in sample.RowsOf(point))
            {
                Add(in row, point, sample.Clock);
            }
        }
        foreach (((WatchedPoint point, FlowKey key), OpenFlow flow) in _open)
        {
            if (flow.Sample != _sample || point.IsOver)
            {
                // It made room without a word, or its interface is gone.
                Emit(point, in flow.Row, point.IsOver ? FlowEndReason.ForcedEnd : FlowEndReason.LackOfResources);
                _open.Remove((point, key));
            }
        }
        return _records;
    }

    /// <summary>The records of all flows that have gains left, where there will be no more samples.</summary>
    internal IReadOnlyList<FlowRecord> Flush()
    {
        _records.Clear();
        foreach (((WatchedPoint point, _), OpenFlow flow) in _open)
        {
            Emit(point, in flow.Row, FlowEndReason.ForcedEnd);
        }
        _open.Clear();
        return _records;
    }

    private void Add(in FlowRow row, WatchedPoint point, ClockCalibration now)
    {
        if (row.NewPackets == 0 && !_open.ContainsKey((point, row.Key)))
        {
            return;
        }
        ref OpenFlow flow = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, (point, row.Key), out bool isKnown);
        if (!isKnown)
        {
            flow = new OpenFlow { Row = row, Since = row.FirstSeen };
            (flow.Row.NewPackets, flow.Row.NewBytes) = (0, 0);
        }
        flow.Sample = _sample;
        flow.Row.LastSeen = row.LastSeen;
        (flow.Row.Packets, flow.Row.Bytes) = (row.Packets, row.Bytes);
        flow.Row.NewPackets += row.NewPackets;
        flow.Row.NewBytes += row.NewBytes;
        if (row.EndReason != FlowEndReason.None || now.AgeOf(row.LastSeen) >= idle)
        {
            Emit(point, in flow.Row, row.EndReason != FlowEndReason.None ? row.EndReason : FlowEndReason.IdleTimeout);
            _open.Remove((point, row.Key));
        }
        else if (now.AgeOf(flow.Since) >= active)
        {
            Emit(point, in flow.Row, FlowEndReason.ActiveTimeout);
            flow.Since = flow.Row.FirstSeen = now.Jiffies;
            (flow.Row.NewPackets, flow.Row.NewBytes) = (0, 0);
        }
    }

    private void Emit(WatchedPoint point, in FlowRow row, FlowEndReason reason)
    {
        if (row.NewPackets > 0)
        {
            FlowRow record = row;
            record.EndReason = reason;
            _records.Add(new FlowRecord(point, record));
        }
    }

    private struct OpenFlow
    {
        internal FlowRow Row;
        internal uint Since;
        internal long Sample;
    }
}
