using System.Numerics;
using XTrace.Flows;
using XTrace.Processes;

namespace XTrace.Live;

/// <summary>The orders of conversations, greatest first.</summary>
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
        Weigh();
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
        int index = point.InterfaceIndex;
        int found = Search(in key, index, ConversationKey.Hash(in key, index), out _);
        return found == None ? null : Describe(sample, found);
    }

    private Conversation Describe(FlowSample sample, int conversation)
    {
        List<FlowStat> flows = [];
        int head = _heads[conversation];
        for (int place = head; place != None; place = _next[place])
        {
            flows.Add(sample.StatAt(place));
        }
        return new Conversation(sample.RowAt(head).Key, flows, SumOf(sample, conversation));
    }

    private void Add(int place, in FlowRow row, WatchedPoint point)
    {
        _next[place] = None;
        ulong hash = ConversationKey.Hash(in row.Key, point.InterfaceIndex);
        int found = Search(in row.Key, point.InterfaceIndex, hash, out int slot);
        if (found == None)
        {
            found = Count++;
            _heads[found] = place;
            _index[slot] = (hash & 0xffffffff00000000) | (uint)(found + 1);
        }
        else
        {
            int head = _heads[found];
            (_next[place], _next[head]) = (_next[head], place);
        }
    }

    /// <summary>The conversation of a flow; without one, the place in the index where it would be.</summary>
    private int Search(in FlowKey key, int interfaceIndex, ulong hash, out int slot)
    {
        for (slot = (int)(hash & (uint)_mask); _index[slot] != 0; slot = (slot + 1) & _mask)
        {
            if (((_index[slot] ^ hash) >> 32) != 0)
            {
                continue;
            }
            int conversation = (int)(uint)_index[slot] - 1;
            int head = _heads[conversation];
            if (ConversationKey.Compare(in _sample!.RowAt(head).Key, in key) != ConversationMatch.None
                && _sample.PointAt(head).InterfaceIndex == interfaceIndex)
            {
                return conversation;
            }
        }
        return None;
    }

    private void Weigh()
    {
        if (_order is ConversationOrder.RoundTripTime or ConversationOrder.Retransmitted)
        {
            WeighByTcp();
            return;
        }
        for (int i = 0; i < Count; i++)
        {
            ConversationSum sum = SumOf(_sample!, i);
            _weights[i] = _order switch
            {
                ConversationOrder.Sent => sum.Sent.Rate,
                ConversationOrder.Received => sum.Received.Rate,
                ConversationOrder.Mean => sum.Mean,
                ConversationOrder.Bytes => sum.Bytes,
                ConversationOrder.PacketRate => sum.PacketRate,
                ConversationOrder.Age => sum.Age.TotalSeconds,
                _ => sum.Rate,
            };
        }
    }

    private ConversationSum SumOf(FlowSample sample, int conversation)
    {
        ConversationSum sum = default;
        int head = _heads[conversation];
        ref readonly FlowRow first = ref sample.RowAt(head);
        // If the head leaves, its source is the local end.
        bool isHeadSent = sample.PointAt(head).Direction == FlowDirection.Egress;
        for (int place = head; place != None; place = _next[place])
        {
            ref readonly FlowRow row = ref sample.RowAt(place);
            WatchedPoint point = sample.PointAt(place);
            bool isSame = place == head || ConversationKey.Compare(in first.Key, in row.Key) == ConversationMatch.Same;
            Traffic traffic = new(row.NewBytes / point.MeasuredSeconds, row.NewPackets / point.MeasuredSeconds, row.Bytes);
            sum.Add(isSame == isHeadSent, point.Direction, traffic, sample.Clock.AgeOf(row.FirstSeen));
        }
        return sum;
    }

    private void WeighByTcp()
    {
        if (_sample is not { Owners: { } owners } sample)
        {
            Array.Clear(_weights, 0, Count);
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
        /// <summary>The earlier of two with the same weight comes first, so that rows do not jump.</summary>
        internal static readonly IComparer<Rank> Comparer = Comparer<Rank>.Create((one, other) =>
            one.Weight.CompareTo(other.Weight) is var order and not 0 ? order : other.Conversation.CompareTo(one.Conversation));
    }
}
