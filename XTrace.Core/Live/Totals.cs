using XTrace.Flows;

namespace XTrace.Live;

/// <summary>The frames of all interfaces by direction, and those that are not in the table.</summary>
internal sealed class Totals
{
    private readonly Dictionary<WatchedPoint, Before> _before = [];

    internal DirectionTotals Arriving { get; } = new();

    internal DirectionTotals Leaving { get; } = new();

    /// <summary>Packets that queueing disciplines dropped after they had been counted.</summary>
    internal ulong QueueDrops { get; private set; }

    /// <summary>Packets of flows that made room.</summary>
    internal ulong Evicted { get; private set; }

    /// <summary>Those of them that are in no sample.</summary>
    internal ulong Missed { get; private set; }

    /// <summary>Packets that no flow has because their headers do not hold.</summary>
    internal ulong Malformed { get; private set; }

    /// <summary>Takes note of points that are new: what they counted so far is not shown.</summary>
    internal void Begin(IEnumerable<WatchedPoint> points)
    {
        foreach (WatchedPoint point in points)
        {
            _before.TryAdd(point, Before.Read(point) with { Seen = default });
        }
    }

    /// <summary>Adds what a sample has.</summary>
    internal void Take(FlowSample sample)
    {
        Begin(sample.Points);
        foreach (FlowDirection direction in new[] { FlowDirection.Ingress, FlowDirection.Egress })
        {
            DirectionTotals totals = direction == FlowDirection.Ingress ? Arriving : Leaving;
            (double bytes, double packets, double seconds) = (0, 0, 0);
            foreach (WatchedPoint point in sample.Points.Where(point => point.Direction == direction))
            {
                (Before before, Before now) = (_before[point], Before.Read(point));
                FrameCount gain = now.Seen - before.Seen;
                bytes += gain.Bytes / point.MeasuredSeconds;
                packets += gain.Packets / point.MeasuredSeconds;
                seconds = Math.Max(seconds, point.MeasuredSeconds);
                totals.Frames += gain;
                QueueDrops += Net.QueueDrops.Since(before.QueueDrops, now.QueueDrops);
                Evicted += now.Evicted - before.Evicted;
                Missed += now.Missed - before.Missed;
                Malformed += now.Malformed - before.Malformed;
                _before[point] = now;
            }
            totals.Rate.Add(bytes, seconds);
            totals.PacketRate = packets;
            totals.IsWatched |= sample.Points.Any(point => point.Direction == direction);
        }
        foreach (WatchedPoint gone in _before.Keys.Where(point => point.IsOver).ToArray())
        {
            _before.Remove(gone);
        }
    }

    private readonly record struct Before(FrameCount Seen, ulong QueueDrops, ulong Evicted, ulong Missed, ulong Malformed)
    {
        internal static Before Read(WatchedPoint point) => new(
            point.Seen, point.QueueDrops ?? 0, (point.Totals.Evicted + point.Totals.Reported).Packets, point.Missed.Packets,
            point.Totals.MalformedPackets);
    }
}

/// <summary>The frames of one direction.</summary>
internal sealed class DirectionTotals
{
    /// <summary>Whether an interface is watched in this direction.</summary>
    internal bool IsWatched { get; set; }

    /// <summary>Frames since the view began.</summary>
    internal FrameCount Frames { get; set; }

    /// <summary>Bytes a second.</summary>
    internal History Rate { get; } = new();

    /// <summary>Frames a second in the last interval.</summary>
    internal double PacketRate { get; set; }
}
