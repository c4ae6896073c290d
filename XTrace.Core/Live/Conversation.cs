using System.Globalization;
using XTrace.Flows;

namespace XTrace.Live;

/// <summary>A conversation as it is shown.</summary>
internal sealed class Conversation
{
    /// <param name="key">The key of the first flow.</param>
    /// <param name="flows">Its flows.</param>
    /// <param name="isSame">Which of them go the way of the first.</param>
    internal Conversation(in FlowKey key, IReadOnlyList<FlowStat> flows, IReadOnlyList<bool> isSame)
    {
        (Key, Flows) = (key, flows);
        bool isFirstSent = First.Direction == FlowDirection.Egress;
        Sent = Sum(flows.Where((_, i) => isSame[i] == isFirstSent));
        Received = Sum(flows.Where((_, i) => isSame[i] != isFirstSent));
        (Local, Remote) = isFirstSent ? (First.Source, End(First)) : (End(First), First.Source);
    }

    internal FlowKey Key { get; }

    internal IReadOnlyList<FlowStat> Flows { get; }

    /// <summary>The flow that says what all have in common.</summary>
    internal FlowStat First => Flows[0];

    /// <summary>The end that is on this machine's side of the interface.</summary>
    internal string Local { get; }

    internal string Remote { get; }

    /// <summary>What the local end sends.</summary>
    internal Traffic Sent { get; }

    /// <summary>What it receives.</summary>
    internal Traffic Received { get; }

    internal double Rate => Sent.Rate + Received.Rate;

    internal double Mean => Sent.Mean + Received.Mean;

    internal double Bytes => (double)Sent.Bytes + Received.Bytes;

    internal double PacketRate => Sent.PacketRate + Received.PacketRate;

    internal TimeSpan Age => Flows.Max(flow => flow.Timestamp - flow.FirstSeen);

    internal string Protocol => First.EtherType is { } type ? $"0x{type.ToString("x4", CultureInfo.InvariantCulture)}"
        : First.TrafficType != TrafficType.IP ? $"{First.TrafficType}"
        : $"{First.Protocol}";

    /// <summary>Seconds to divide by: nothing is younger than a tick of the kernel.</summary>
    internal static double SecondsOf(TimeSpan age) => Math.Max(0.01, age.TotalSeconds);

    /// <summary>Where several points of an interface saw a flow, as on loopback, it counts once.</summary>
    private static Traffic Sum(IEnumerable<FlowStat> flows)
    {
        Traffic sum = default;
        foreach (IGrouping<FlowDirection, FlowStat> point in flows.GroupBy(flow => flow.Direction))
        {
            Traffic one = new(
                point.Sum(flow => flow.BytesPerSecond),
                point.Sum(flow => flow.PacketsPerSecond),
                point.Sum(flow => flow.Bytes / SecondsOf(flow.Timestamp - flow.FirstSeen)),
                point.Aggregate(0ul, (bytes, flow) => bytes + flow.Bytes),
                point.Aggregate(0ul, (packets, flow) => packets + flow.Packets));
            sum = one.Bytes > sum.Bytes ? one : sum;
        }
        return sum;
    }

    /// <summary>Of several opcodes or ICMP types between two ends, none stands for all.</summary>
    private static string End(FlowStat flow) =>
        flow.IcmpType is not null ? flow.DestinationAddress : flow.Destination;
}

/// <summary>What one end of a conversation sends.</summary>
/// <param name="Rate">Bytes a second in the last interval.</param>
/// <param name="PacketRate">Frames a second in the last interval.</param>
/// <param name="Mean">Bytes a second since the first frame.</param>
/// <param name="Bytes">L2 bytes since the monitor started.</param>
/// <param name="Packets">Frames since the monitor started.</param>
internal readonly record struct Traffic(double Rate, double PacketRate, double Mean, ulong Bytes, ulong Packets);
