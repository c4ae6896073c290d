using System.Runtime.InteropServices;

namespace XTrace.Flows;

/// <summary>Flows that made room in the table during one interval; one that did so several times, or on several CPUs, is one row.</summary>
internal sealed class EndedFlows : IFlowRows
{
    private readonly List<FlowRow> _rows = [];
    private readonly List<FlowDetails> _details = [];
    private readonly Dictionary<(FlowKey, uint), int> _index = [];

    internal int Count => _rows.Count;

    public ReadOnlySpan<FlowRow> Rows => CollectionsMarshal.AsSpan(_rows);

    public ReadOnlySpan<FlowDetails> Details => CollectionsMarshal.AsSpan(_details);

    internal void Clear()
    {
        _rows.Clear();
        _details.Clear();
        _index.Clear();
    }

    /// <returns>False where there are as many as may be.</returns>
    internal bool TryAdd(in FlowEnd end, int most)
    {
        FlowRow row = new()
        {
            Key = end.Flow.Key,
            Point = end.Flow.Point,
            FirstSeen = end.Details.FirstSeen,
            LastSeen = end.Flow.LastSeen,
            Packets = end.Flow.Packets,
            Bytes = end.Flow.Bytes,
            NewPackets = end.Flow.Packets,
            NewBytes = end.Flow.Bytes,
            EndReason = FlowEndReason.LackOfResources,
        };
        if (_index.TryGetValue((row.Key, row.Point), out int known))
        {
            ref FlowRow same = ref CollectionsMarshal.AsSpan(_rows)[known];
            CollectionsMarshal.AsSpan(_details)[known].Add(in end.Details, row.IsLaterThan(in same));
            same.Add(in row);
            (same.NewPackets, same.NewBytes) = (same.Packets, same.Bytes);
            return true;
        }
        if (_rows.Count >= most)
        {
            return false;
        }
        _index.Add((row.Key, row.Point), _rows.Count);
        _rows.Add(row);
        _details.Add(end.Details);
        return true;
    }

    /// <summary>
    /// Takes what an earlier snapshot already counted off the gain of a flow that has made room since. The flow may have begun
    /// anew, so the same amount comes off <paramref name="earlier"/>: the new beginning does not contain it.
    /// </summary>
    internal void TakeOff(ref FlowRow earlier)
    {
        if (_index.TryGetValue((earlier.Key, earlier.Point), out int known))
        {
            ref FlowRow ended = ref CollectionsMarshal.AsSpan(_rows)[known];
            ulong packets = Math.Min(ended.NewPackets, earlier.Packets);
            ulong bytes = Math.Min(ended.NewBytes, earlier.Bytes);
            ended.NewPackets -= packets;
            ended.NewBytes -= bytes;
            earlier.Packets -= packets;
            earlier.Bytes -= bytes;
        }
    }
}
