using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Sessions;

/// <summary>A flow record: what a flow gained since its record before, and why it is made now.</summary>
/// <param name="point">Where the flow was counted.</param>
/// <param name="row">
/// The flow. NewPackets and NewBytes are the record's; FirstSeen is the first frame's of the record, to a sample.
/// </param>
internal readonly struct FlowRecord(WatchedPoint point, in FlowRow row)
{
    internal readonly WatchedPoint Point = point;
    internal readonly FlowRow Row = row;
}

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

    /// <summary>The records that the last sample made due.</summary>
    internal ReadOnlySpan<FlowRecord> Records => CollectionsMarshal.AsSpan(_records);

    /// <summary>Takes in a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="isLast">Whether there will be no other, so that all flows are over.</param>
    internal void Process(FlowSample sample, bool isLast = false)
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
            if (flow.Sample != _sample || point.IsOver || isLast)
            {
                // The end was forced, or it made room without a word.
                bool isForced = point.IsOver || (isLast && flow.Sample == _sample);
                Emit(point, in flow.Row, isForced ? FlowEndReason.ForcedEnd : FlowEndReason.LackOfResources);
                _open.Remove((point, key));
            }
        }
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
            flow = new OpenFlow { Row = row, Since = FirstOf(in row, point, now) };
            (flow.Row.FirstSeen, flow.Row.NewPackets, flow.Row.NewBytes) = (flow.Since, 0, 0);
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

    /// <summary>
    /// When the record begins: with the flow's first frame, or, where that is in an earlier record, with the sample before this one.
    /// </summary>
    private static uint FirstOf(in FlowRow row, WatchedPoint point, ClockCalibration now)
    {
        uint sampledBefore = now.Jiffies - (uint)(point.MeasuredSeconds * 1e9 / now.TickNanoseconds);
        return (int)(row.FirstSeen - sampledBefore) > 0 ? row.FirstSeen : sampledBefore;
    }

    private void Emit(WatchedPoint point, in FlowRow row, FlowEndReason reason)
    {
        if (row.NewPackets > 0)
        {
            FlowRow record = row;
            record.EndReason = reason;
            // The sample's clock was read before its flows were.
            record.FirstSeen = (int)(row.LastSeen - row.FirstSeen) < 0 ? row.LastSeen : row.FirstSeen;
            _records.Add(new FlowRecord(point, in record));
        }
    }

    private struct OpenFlow
    {
        internal FlowRow Row;
        internal uint Since;
        internal long Sample;
    }
}
