using System.Globalization;
using XTrace.Flows;

namespace XTrace.Live;

/// <summary>A conversation as it is shown.</summary>
internal sealed class Conversation
{
    /// <param name="key">The key of the first flow.</param>
    /// <param name="flows">Its flows.</param>
    /// <param name="sum">What they add up to.</param>
    internal Conversation(in FlowKey key, IReadOnlyList<FlowStat> flows, in ConversationSum sum)
    {
        (Key, Flows, Sum) = (key, flows, sum);
        (Local, Remote) = First.Direction == FlowDirection.Egress ? (First.Source, End(First)) : (End(First), First.Source);
    }

    internal FlowKey Key { get; }

    internal IReadOnlyList<FlowStat> Flows { get; }

    /// <summary>The flow that says what all have in common.</summary>
    internal FlowStat First => Flows[0];

    /// <summary>The end that is on this machine's side of the interface.</summary>
    internal string Local { get; }

    internal string Remote { get; }

    /// <summary>The sum of its flows.</summary>
    internal ConversationSum Sum { get; }

    internal string Protocol
    {
        get
        {
            Span<char> text = stackalloc char[64];
            return text[..WriteProtocol(Key, text)].ToString();
        }
    }

    /// <summary>Writes what tells how two ends speak, into a buffer with room for 64 characters.</summary>
    /// <returns>How many characters it has.</returns>
    internal static int WriteProtocol(in FlowKey key, Span<char> text)
    {
        TrafficType type = FlowFields.TrafficTypeOf(in key);
        int written;
        _ = FlowFields.IsEthernet(in key)
            ? text.TryWrite(CultureInfo.InvariantCulture, $"0x{FlowFields.EthertypeOf(in key):x4}", out written)
            : type != TrafficType.IP ? text.TryWrite($"{type}", out written)
            : text.TryWrite($"{(IPProtocol)key.Protocol}", out written);
        return written;
    }

    /// <summary>Null where two ends use several opcodes or ICMP types: none stands for all.</summary>
    private static string End(FlowStat flow) =>
        flow.IcmpType is not null ? flow.DestinationAddress : flow.Destination;
}

/// <summary>
/// The sum of a conversation's flows. Where both points of an interface saw frames, as on loopback, the point that saw more bytes counts.
/// </summary>
internal struct ConversationSum
{
    private Traffic _sentLeaving;
    private Traffic _sentArriving;
    private Traffic _receivedLeaving;
    private Traffic _receivedArriving;

    /// <summary>The local end's traffic.</summary>
    internal readonly Traffic Sent => Traffic.Greater(_sentLeaving, _sentArriving);

    /// <summary>The remote end's traffic.</summary>
    internal readonly Traffic Received => Traffic.Greater(_receivedArriving, _receivedLeaving);

    /// <summary>Bytes a second in the last interval.</summary>
    internal readonly double Rate => Sent.Rate + Received.Rate;

    /// <summary>Bytes a second since the first frame.</summary>
    internal readonly double Mean => Bytes / Math.Max(0.01, Age.TotalSeconds); // nothing is younger than a tick of the kernel

    /// <summary>L2 bytes since the monitor started.</summary>
    internal readonly double Bytes => (double)Sent.Bytes + Received.Bytes;

    /// <summary>Frames a second in the last interval.</summary>
    internal readonly double PacketRate => Sent.PacketRate + Received.PacketRate;

    /// <summary>Time since the first frame.</summary>
    internal TimeSpan Age { get; private set; }

    /// <summary>Adds a flow.</summary>
    /// <param name="isSent">Whether the local end sends it.</param>
    /// <param name="direction">Which point of the interface saw it.</param>
    /// <param name="traffic">What it has.</param>
    /// <param name="age">Time since its first frame.</param>
    internal void Add(bool isSent, FlowDirection direction, Traffic traffic, TimeSpan age)
    {
        bool isLeaving = direction == FlowDirection.Egress;
        ref Traffic sum = ref (isSent ? ref isLeaving ? ref _sentLeaving : ref _sentArriving
            : ref isLeaving ? ref _receivedLeaving : ref _receivedArriving);
        sum = new Traffic(sum.Rate + traffic.Rate, sum.PacketRate + traffic.PacketRate, sum.Bytes + traffic.Bytes);
        Age = age > Age ? age : Age;
    }
}

/// <summary>The frames that one end of a conversation sends.</summary>
/// <param name="Rate">Bytes a second in the last interval.</param>
/// <param name="PacketRate">Frames a second in the last interval.</param>
/// <param name="Bytes">L2 bytes since the monitor started.</param>
internal readonly record struct Traffic(double Rate, double PacketRate, ulong Bytes)
{
    internal static Traffic Greater(Traffic one, Traffic other) => other.Bytes > one.Bytes ? other : one;
}
