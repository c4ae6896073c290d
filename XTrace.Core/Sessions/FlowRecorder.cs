using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Sessions;

/// <summary>A flow record: what a flow gained since its record before, and why it is made now.</summary>
internal readonly record struct FlowRecord
{
    /// <summary>The point that counted the flow.</summary>
    internal required WatchedPoint Point { get; init; }

    internal required FlowKey Key { get; init; }

    /// <summary>The low half of jiffies_64 at the record's first frame, to a sample.</summary>
    internal required uint FirstSeen { get; init; }

    /// <summary>The low half of jiffies_64 at its last frame.</summary>
    internal required uint LastSeen { get; init; }

    internal required FrameCount Gain { get; init; }

    internal required FlowEndReason EndReason { get; init; }

    /// <summary>The owner of the socket at the flow's end on this machine. Null if it is unknown, or nobody asked.</summary>
    internal RecordOwner? Owner { get; init; }
}

/// <summary>The process that a flow belongs to.</summary>
/// <param name="ProcessId">Its number.</param>
/// <param name="ProcessName">Its name.</param>
/// <param name="Container">The container that it runs in; empty outside of containers.</param>
internal sealed record RecordOwner(int ProcessId, string ProcessName, string Container);

/// <summary>Takes records, which are valid until it returns.</summary>
internal delegate void FlowRecords(ReadOnlySpan<FlowRecord> records, ClockCalibration clock);

/// <summary>
/// Makes flow records of samples (RFC 7011, RFC 5102 flowEndReason). A flow has a record when nothing was seen of it for the
/// idle timeout, when it has gone on for the active timeout, when it made room in the table, and when its interface is gone.
/// Every gain of every sample is in exactly one record.
/// </summary>
internal sealed class FlowRecorder(TimeSpan idle, TimeSpan active, FlowRecords take)
{
    /// <summary>Records are handed on by so many: all that are due at once may be all that there are.</summary>
    private const int Most = 1024;

    private const int MostOwners = 4096; // that are kept, so that flows share them

    private readonly Dictionary<RecordOwner, RecordOwner> _owners = [];
    private readonly Dictionary<(WatchedPoint, FlowKey), OpenFlow> _open = [];
    private readonly FlowRecord[] _due = new FlowRecord[Most];
    private int _dueCount;
    private uint _sample;

    /// <summary>Flows with gains that are in no record yet.</summary>
    internal int OpenCount => _open.Count;

    /// <summary>Records that were made.</summary>
    internal ulong Made { get; private set; }

    /// <summary>Takes in a sample, and hands on the records that it makes due.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="isLast">Whether there will be no other, so that all flows are over.</param>
    internal void Process(FlowSample sample, bool isLast = false)
    {
        _sample++;
        foreach (WatchedPoint point in sample.Points)
        {
            foreach (ref readonly FlowRow row in sample.RowsOf(point))
            {
                Add(in row, point, sample);
            }
        }
        foreach (((WatchedPoint point, FlowKey key), OpenFlow flow) in _open)
        {
            if (flow.Sample != _sample || point.IsOver || isLast)
            {
                // The end was forced, or nobody reported that it made room.
                bool isForced = point.IsOver || (isLast && flow.Sample == _sample);
                Emit(point, in key, in flow, isForced ? FlowEndReason.ForcedEnd : FlowEndReason.LackOfResources, sample.Clock);
                _open.Remove((point, key));
            }
        }
        HandOn(sample.Clock);
    }

    private void Add(in FlowRow row, WatchedPoint point, FlowSample sample)
    {
        ClockCalibration now = sample.Clock;
        if (row.Gain == default && !_open.ContainsKey((point, row.Key)))
        {
            return;
        }
        ref OpenFlow flow = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, (point, row.Key), out bool isKnown);
        if (!isKnown)
        {
            flow = new OpenFlow { Since = FirstOf(in row, point, now) };
        }
        flow.Sample = _sample;
        flow.LastSeen = row.LastSeen;
        flow.Gain += row.Gain;
        // While it is active, its socket is there.
        flow.Owner ??= row.NewPackets > 0 && sample.Owners?.Describe(in row.Key, point) is { } owner ? Share(owner) : null;
        if (row.EndReason != FlowEndReason.None || now.AgeOf(row.LastSeen) >= idle)
        {
            Emit(point, in row.Key, in flow, row.EndReason != FlowEndReason.None ? row.EndReason : FlowEndReason.IdleTimeout, now);
            _open.Remove((point, row.Key));
        }
        // Bytes alone, of a flow that made room and was back at once, wait for the next frame.
        else if (now.AgeOf(flow.Since) >= active && (flow.Gain.Packets > 0 || flow.Gain == default))
        {
            Emit(point, in row.Key, in flow, FlowEndReason.ActiveTimeout, now);
            (flow.Since, flow.Gain) = (now.Jiffies, default);
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

    private void Emit(WatchedPoint point, in FlowKey key, in OpenFlow flow, FlowEndReason reason, ClockCalibration clock)
    {
        if (flow.Gain == default)
        {
            return;
        }
        _due[_dueCount++] = new FlowRecord
        {
            Point = point,
            Key = key,
            // The sample's clock was read before its flows were.
            FirstSeen = (int)(flow.LastSeen - flow.Since) < 0 ? flow.LastSeen : flow.Since,
            LastSeen = flow.LastSeen,
            Gain = flow.Gain,
            EndReason = reason,
            Owner = flow.Owner,
        };
        if (_dueCount == Most)
        {
            HandOn(clock);
        }
    }

    private void HandOn(ClockCalibration clock)
    {
        if (_dueCount > 0)
        {
            Made += (ulong)_dueCount;
            take(_due.AsSpan(0, _dueCount), clock);
            _dueCount = 0;
        }
    }

    private RecordOwner Share(RecordOwner owner)
    {
        if (_owners.TryGetValue(owner, out RecordOwner? same))
        {
            return same;
        }
        if (_owners.Count == MostOwners)
        {
            _owners.Clear();
        }
        return _owners[owner] = owner;
    }

    /// <summary>There is one for each flow of the table: it holds no more than it must.</summary>
    private struct OpenFlow
    {
        internal RecordOwner? Owner;
        internal FrameCount Gain;
        internal uint Since;
        internal uint LastSeen;
        internal uint Sample;
    }
}
