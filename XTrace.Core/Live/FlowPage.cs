using System.Globalization;
using XTrace.Flows;
using XTrace.Messages;

namespace XTrace.Live;

/// <summary>The conversations of all interfaces.</summary>
internal sealed class FlowPage(LiveText text) : TablePage<Conversation>
{
    private static readonly ConversationOrder[] s_orders =
    [
        ConversationOrder.Rate, ConversationOrder.Sent, ConversationOrder.Received, ConversationOrder.Mean, ConversationOrder.Bytes,
        ConversationOrder.PacketRate, ConversationOrder.RoundTripTime, ConversationOrder.Retransmitted, ConversationOrder.Age,
    ];

    private readonly Conversations _conversations = new();
    private readonly Column<Conversation>[] _columns = MakeColumns(text);
    private (FlowKey Key, string Interface)? _chosen;
    private bool _hasSample;

    internal override string Title => text.Flows;

    /// <summary>How many flows and conversations there are.</summary>
    internal (int Flows, int Conversations) Counts => (_conversations.Flows, _conversations.Count);

    /// <summary>How many conversations the filter keeps.</summary>
    private protected override int Kept => _conversations.Kept;

    internal int Matching => Kept;

    private protected override IReadOnlyList<Column<Conversation>> Columns => _columns;

    private protected override string NothingText => !_hasSample ? text.Waiting : Filter.IsEmpty ? text.NoRows : text.NoMatch;

    /// <summary>Shows a sample. It must stay as it is until the next.</summary>
    internal void Take(FlowSample sample)
    {
        _conversations.Take(sample, s_orders[Order]);
        _hasSample = true;
    }

    /// <summary>The session of the sample is over.</summary>
    internal void Forget()
    {
        _conversations.Forget();
        _hasSample = false;
    }

    private protected override IReadOnlyList<Conversation> Top(int offset, int n)
    {
        _conversations.Sort(s_orders[Order]);
        return _conversations.Top(offset, n, IsReversed, Filter);
    }

    private protected override void Choose(Conversation row) => _chosen = (row.Key, row.First.InterfaceAlias);

    internal override IEnumerable<(string Name, string Value)> Describe()
    {
        if (_chosen is not { } chosen || _conversations.Find(chosen.Key, chosen.Interface) is not { } row)
        {
            return [];
        }
        return FlowProperties.Common(row.First).Concat(row.Flows.SelectMany(flow => FlowProperties.Own(flow).Prepend(("", ""))));
    }

    /// <summary>The order of those with a weight is that of <see cref="s_orders"/>.</summary>
    private static Column<Conversation>[] MakeColumns(LiveText text) =>
    [
        new(text.Local, 15, row => row.Local) { Stretches = true, CutsMiddle = true },
        new(text.Remote, 15, row => row.Remote) { Stretches = true, CutsMiddle = true },
        new(text.Protocol, 6, row => row.Protocol) { Rank = 10 },
        new(text.Interface, 9, row => row.First.InterfaceAlias) { Rank = 13, Stretches = true },
        new(text.Rate, 7, row => Brief.Rate(row.Sum.Rate)) { IsRight = true, Rank = 1, Weight = row => row.Sum.Rate, Ink = InkOf },
        new(text.Sent, 7, row => Brief.Rate(row.Sum.Sent.Rate))
        {
            IsRight = true, Rank = 11, Weight = row => row.Sum.Sent.Rate, Ink = InkOf,
        },
        new(text.Received, 7, row => Brief.Rate(row.Sum.Received.Rate))
        {
            IsRight = true, Rank = 12, Weight = row => row.Sum.Received.Rate, Ink = InkOf,
        },
        new(text.MeanRate, 7, row => Brief.Rate(row.Sum.Mean)) { IsRight = true, Rank = 4, Weight = row => row.Sum.Mean },
        new(text.Bytes, 7, row => Brief.Bytes(row.Sum.Bytes)) { IsRight = true, Rank = 14, Weight = row => row.Sum.Bytes },
        new(text.PacketRate, 7, row => Brief.Number(row.Sum.PacketRate)) { IsRight = true, Rank = 15, Weight = row => row.Sum.PacketRate },
        new(text.Process, 9, row => row.First.ProcessName ?? "") { Rank = 2, Stretches = true },
        new("PID", 7, row => $"{row.First.ProcessId}") { IsRight = true, Rank = 17 },
        new(text.User, 8, row => row.First.UserName ?? "") { Rank = 18, Stretches = true },
        new("RTT", 7, row => Brief.Milliseconds(row.First.RoundTripTime))
        {
            IsRight = true, Rank = 3, Weight = row => row.First.RoundTripTime?.TotalSeconds ?? -1,
        },
        new(text.Retransmitted, 5, row => row.First.RetransmittedPackets is { } packets ? Brief.Number(packets) : "")
        {
            IsRight = true, Rank = 3, Weight = row => row.First.RetransmittedPackets ?? -1.0,
            Ink = row => row.First.RetransmittedPackets > 0 ? Ink.Warning : Ink.Plain,
        },
        new(text.Age, 6, row => Brief.Age(row.Sum.Age)) { IsRight = true, Rank = 16, Weight = row => row.Sum.Age.TotalSeconds },
        new(text.State, 11, row => $"{row.First.State}") { Rank = 19 },
        new(text.Unit, 14, row => row.First.Container ?? row.First.SystemdUnit ?? "") { Rank = 20, Stretches = true },
    ];

    private static Ink InkOf(Conversation row) => row.Sum.Rate > 0 ? Ink.Plain : Ink.Dim;
}

/// <summary>The details of a conversation: the properties of its flows, as Get-FlowStat names them.</summary>
internal static class FlowProperties
{
    internal static IEnumerable<(string Name, string Value)> Common(FlowStat flow) => Known(
        ("InterfaceAlias", flow.InterfaceAlias),
        ("TrafficType", $"{flow.TrafficType}"),
        ("Protocol", $"{flow.Protocol}"),
        ("EtherType", flow.EtherType is { } type ? $"0x{type:x4}" : null),
        ("VlanId", $"{flow.VlanId}"),
        ("ProcessName", flow.ProcessName),
        ("ProcessId", $"{flow.ProcessId}"),
        ("UserName", flow.UserName),
        ("Container", flow.Container),
        ("ContainerRuntime", flow.ContainerRuntime),
        ("SystemdUnit", flow.SystemdUnit),
        ("State", $"{flow.State}"),
        ("RoundTripTime", Brief.Milliseconds(flow.RoundTripTime)),
        ("MinRoundTripTime", Brief.Milliseconds(flow.MinRoundTripTime)),
        ("RetransmittedPackets", $"{flow.RetransmittedPackets}"),
        ("LostPackets", $"{flow.LostPackets}"),
        ("CongestionWindow", $"{flow.CongestionWindow}"),
        ("DeliveryRate", flow.DeliveryRate is { } rate ? Quantity.BitRate(rate / 8) : null),
        ("IsLimitedBy", $"{flow.IsLimitedBy}"));

    internal static IEnumerable<(string Name, string Value)> Own(FlowStat flow) => Known(
        ("Direction", $"{flow.Direction}"),
        ("Source", flow.Source),
        ("Destination", flow.Destination),
        ("Opcode", $"{flow.Opcode}"),
        ("Rate", Quantity.BitRate(flow.BytesPerSecond)),
        ("PacketsPerSecond", Quantity.Rate(flow.PacketsPerSecond)),
        ("Packets", Brief.Grouped(flow.Packets)),
        ("Bytes", Brief.Grouped(flow.Bytes)),
        ("FirstSeen", Time(flow.FirstSeen)),
        ("LastSeen", Time(flow.LastSeen)),
        ("EndReason", flow.EndReason == FlowEndReason.None ? null : $"{flow.EndReason}"),
        ("TcpFlags", $"{flow.TcpFlags}"),
        ("Dscp", $"{flow.Dscp}"),
        ("EcnCePackets", $"{flow.EcnCePackets}"),
        ("MinFrameSize", $"{flow.MinFrameSize}"),
        ("MaxFrameSize", $"{flow.MaxFrameSize}"));

    private static string Time(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    internal static IEnumerable<(string Name, string Value)> Known(params (string Name, string? Value)[] properties) =>
        properties.Where(property => !string.IsNullOrEmpty(property.Value)).Select(property => (property.Name, property.Value!));
}
