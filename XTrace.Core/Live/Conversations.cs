using System.Numerics;
using XTrace.Flows;
using XTrace.Processes;

namespace XTrace.Live;

/// <summary>What conversations are sorted by, greatest first.</summary>
internal enum ConversationOrder
{
    Rate,
    Sent,
    Received,
    Mean,
    Bytes,
    PacketRate,
    RoundTripTime,
    Retransmitted,
    Age,
}

/// <summary>
/// The flows of a sample as conversations: both directions together, on one interface. Rows stay where the session has them; a
/// conversation is a chain of their places. Only the conversations that are shown become objects.
/// </summary>
internal sealed class Conversations
{
    private const int None = -1;

    private FlowSample? _sample;
    private ConversationOrder _order;
    private int[] _next = [];
    private int[] _heads = [];
    private double[] _weights = [];
    private ulong[] _index = [];
    private int _mask;

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>How many of them the last filter kept.</summary>
    internal int Kept { get; private set; }

    /// <summary>How many flows they have.</summary>
    internal int Flows { get; private set; }

    /// <summary>Chains the rows of a sample, which are valid until the session takes the next.</summary>
    internal void Take(FlowSample sample, ConversationOrder order)
    {
        (_sample, _order, Count) = (sample, order, 0);
        Flows = sample.Rows;
        Reserve(Flows);
        foreach (WatchedPoint point in sample.Points)
        {
            FlowRows rows = sample.RowsOf(point);
            for (int i = 0; i < rows.Length; i++)
            {
                Add(point.FirstRow + i, in rows[i], point);
            }
        }
        if (order is ConversationOrder.RoundTripTime or ConversationOrder.Retransmitted)
        {
            WeighByTcp();
        }
        Kept = Count;
    }

    /// <summary>There are none until the next sample.</summary>
    internal void Forget() => (_sample, Count, Kept, Flows) = (null, 0, 0, 0);

    /// <summary>Sorts by something else.</summary>
    internal void Sort(ConversationOrder order)
    {
        if (_sample is { } sample && order != _order)
        {
            Take(sample, order);
        }
    }

    /// <summary>Some in their order, without sorting those behind them. Those before them do not become objects.</summary>
    /// <param name="offset">How many are before them.</param>
    /// <param name="n">How many.</param>
    /// <param name="isReversed">The smallest first.</param>
    /// <param name="filter">Which are wanted.</param>
    internal IReadOnlyList<Conversation> Top(int offset, int n, bool isReversed, LiveFilter filter)
    {
        if (_sample is not { } sample)
        {
            return [];
        }
        int room = offset + n;
        PriorityQueue<int, Rank> top = new(Math.Min(room, Count) + 1, Rank.Comparer);
        double sign = isReversed ? -1 : 1;
        Kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (!filter.IsEmpty && !filter.Matches(in sample.RowAt(_heads[i]), sample.PointAt(_heads[i]), sample.Owners))
            {
                continue;
            }
            Kept++;
            double weight = sign * _weights[i];
            if (top.Count < room)
            {
                top.Enqueue(i, new Rank(weight, i));
            }
            else if (room > 0 && top.TryPeek(out _, out Rank last) && weight > last.Weight)
            {
                top.EnqueueDequeue(i, new Rank(weight, i));
            }
        }
        Conversation[] picked = new Conversation[Math.Max(0, top.Count - offset)];
        for (int i = picked.Length - 1; i >= 0; i--)
        {
            picked[i] = Describe(sample, top.Dequeue());
        }
        return picked;
    }

    /// <summary>A conversation that was shown before, as it is now; null if it is no longer there.</summary>
    internal Conversation? Find(in FlowKey key, string interfaceName)
    {
        if (_sample is not { } sample || sample.Points.FirstOrDefault(point => point.InterfaceName == interfaceName) is not { } point)
        {
            return null;
        }
        int found = Search(in key, point.InterfaceIndex, out _, out _);
        return found == None ? null : Describe(sample, found);
    }

    private Conversation Describe(FlowSample sample, int conversation)
    {
        List<FlowStat> flows = [];
        List<bool> isSame = [];
        int head = _heads[conversation];
        for (int place = head; place != None; place = _next[place])
        {
            flows.Add(sample.StatAt(place));
            isSame.Add(ConversationKey.Compare(in sample.RowAt(head).Key, in sample.RowAt(place).Key) == ConversationMatch.Same);
        }
        return new Conversation(sample.RowAt(head).Key, flows, isSame);
    }

    private void Add(int place, in FlowRow row, WatchedPoint point)
    {
        _next[place] = None;
        int found = Search(in row.Key, point.InterfaceIndex, out int slot, out bool isSame);
        if (found == None)
        {
            found = Count++;
            _heads[found] = place;
            _weights[found] = 0;
            _index[slot] = (ConversationKey.Hash(in row.Key, point.InterfaceIndex) & 0xffffffff00000000) | (uint)(found + 1);
        }
        else
        {
            int head = _heads[found];
            (_next[place], _next[head]) = (_next[head], place);
        }
        // What leaves from the head's source is sent if the head leaves, or else received.
        bool isHeadSent = _sample!.PointAt(_heads[found]).Direction == FlowDirection.Egress;
        _weights[found] = Weigh(in row, point, isSame == isHeadSent, _weights[found]);
    }

    /// <summary>The conversation of a flow; without one, the place in the index where it would be.</summary>
    private int Search(in FlowKey key, int interfaceIndex, out int slot, out bool isSame)
    {
        ulong hash = ConversationKey.Hash(in key, interfaceIndex);
        isSame = true;
        for (slot = (int)(hash & (uint)_mask); _index[slot] != 0; slot = (slot + 1) & _mask)
        {
            if (((_index[slot] ^ hash) >> 32) != 0)
            {
                continue;
            }
            int conversation = (int)(uint)_index[slot] - 1;
            int head = _heads[conversation];
            ConversationMatch match = ConversationKey.Compare(in _sample!.RowAt(head).Key, in key);
            if (match != ConversationMatch.None && _sample.PointAt(head).InterfaceIndex == interfaceIndex)
            {
                isSame = match == ConversationMatch.Same;
                return conversation;
            }
        }
        return None;
    }

    private double Weigh(in FlowRow row, WatchedPoint point, bool isSent, double before) => _order switch
    {
        ConversationOrder.Rate => before + (row.NewBytes / point.MeasuredSeconds),
        ConversationOrder.Sent => before + (isSent ? row.NewBytes / point.MeasuredSeconds : 0),
        ConversationOrder.Received => before + (isSent ? 0 : row.NewBytes / point.MeasuredSeconds),
        ConversationOrder.Mean => before + (row.Bytes / Conversation.SecondsOf(_sample!.Clock.AgeOf(row.FirstSeen))),
        ConversationOrder.Bytes => before + row.Bytes,
        ConversationOrder.PacketRate => before + (row.NewPackets / point.MeasuredSeconds),
        ConversationOrder.Age => Math.Max(before, _sample!.Clock.AgeOf(row.FirstSeen).TotalSeconds),
        _ => 0,
    };

    private void WeighByTcp()
    {
        if (_sample is not { Owners: { } owners } sample)
        {
            return;
        }
        for (int i = 0; i < Count; i++)
        {
            FlowOwner owner = owners.Search(in sample.RowAt(_heads[i]).Key, sample.PointAt(_heads[i]));
            _weights[i] = !owner.Row.HasTcp ? -1
                : _order == ConversationOrder.Retransmitted ? owner.Row.Retransmitted
                : owner.Row.RoundTripMicroseconds == uint.MaxValue ? -1
                : owner.Row.RoundTripMicroseconds;
        }
    }

    private void Reserve(int rows)
    {
        if (_next.Length < rows)
        {
            int room = rows + (rows / 8);
            (_next, _heads, _weights) = (new int[room], new int[room], new double[room]);
        }
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, rows * 2));
        if (_index.Length < size)
        {
            _index = new ulong[size];
        }
        _mask = _index.Length - 1;
        Array.Clear(_index);
    }

    private readonly record struct Rank(double Weight, int Conversation)
    {
        /// <summary>Of two with one weight the earlier one comes first, so that rows do not jump.</summary>
        internal static readonly IComparer<Rank> Comparer = Comparer<Rank>.Create((one, other) =>
            one.Weight.CompareTo(other.Weight) is var order and not 0 ? order : other.Conversation.CompareTo(one.Conversation));
    }
}
