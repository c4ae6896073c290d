using System.Globalization;

namespace XTrace.Live;

/// <summary>The queue pairs of RDMA devices.</summary>
internal sealed class QueuePairPage(LiveText text) : TablePage<RdmaQueuePair>
{
    private readonly Column<RdmaQueuePair>[] _columns = MakeColumns(text);
    private IReadOnlyList<RdmaQueuePair> _all = [];
    private IReadOnlyList<RdmaQueuePair> _matching = [];
    private (string Device, int Number)? _chosen;
    private bool _hasSample;

    internal override string Title => text.QueuePairs;

    private protected override int Kept => _matching.Count;

    private protected override IReadOnlyList<Column<RdmaQueuePair>> Columns => _columns;

    private protected override string NothingText => !_hasSample ? text.Waiting : Filter.IsEmpty ? text.NoQueuePairs : text.NoMatch;

    internal void Take(IReadOnlyList<RdmaQueuePair> queuePairs) => (_all, _hasSample) = (queuePairs, true);

    private protected override IReadOnlyList<RdmaQueuePair> Top(int offset, int n)
    {
        _matching = Filter.IsEmpty ? _all : [.. _all.Where(row => Filter.Matches(TextOf(row)))];
        Func<RdmaQueuePair, double> weight = Sorted.Weight!;
        // Rates in bits are unknown if the port does not count bytes: then packets decide.
        return [.. (IsReversed ? _matching.OrderBy(weight).ThenBy(Packets) : _matching.OrderByDescending(weight).ThenByDescending(Packets))
            .Skip(offset).Take(n)];
    }

    private protected override void Choose(RdmaQueuePair row) => _chosen = (row.Device, row.QueuePair);

    internal override IEnumerable<(string Name, string Value)> Describe() =>
        _all.FirstOrDefault(row => (row.Device, row.QueuePair) == _chosen) is not { } chosen ? [] : FlowProperties.Known(
            ("Device", chosen.Device),
            ("Port", $"{chosen.Port}"),
            ("InterfaceAlias", chosen.InterfaceAlias),
            ("QueuePair", $"{chosen.QueuePair}"),
            ("Type", $"{chosen.Type}"),
            ("State", $"{chosen.State}"),
            ("RemoteQueuePair", $"{chosen.RemoteQueuePair}"),
            ("LocalAddress", chosen.LocalAddress),
            ("RemoteAddress", chosen.RemoteAddress),
            ("LocalLid", $"{chosen.LocalLid}"),
            ("RemoteLid", $"{chosen.RemoteLid}"),
            ("PathMtu", $"{chosen.PathMtu}"),
            ("ServiceLevel", $"{chosen.ServiceLevel}"),
            ("TrafficClass", $"{chosen.TrafficClass}"),
            ("SentPackets", chosen.SentPackets is { } sent ? Brief.Grouped(sent) : null),
            ("ReceivedPackets", chosen.ReceivedPackets is { } received ? Brief.Grouped(received) : null),
            ("SentPacketsPerSecond", chosen.SentPacketsPerSecond is { } rate ? Quantity.Rate(rate) : null),
            ("ReceivedPacketsPerSecond", chosen.ReceivedPacketsPerSecond is { } other ? Quantity.Rate(other) : null),
            ("EstimatedBytesPerSecond", chosen.EstimatedBytesPerSecond is { } bytes ? Quantity.BitRate(bytes) : null),
            ("IsAmbiguous", chosen.IsAmbiguous ? "True" : null),
            ("Owner", chosen.Owner),
            ("ProcessId", $"{chosen.ProcessId}"),
            ("Container", chosen.Container));

    private static double Packets(RdmaQueuePair row) => (row.SentPacketsPerSecond ?? -1) + (row.ReceivedPacketsPerSecond ?? -1);

    private static string End(string? address, int? lid, int? number)
    {
        string at = address ?? (lid is { } local ? string.Create(CultureInfo.InvariantCulture, $"lid {local}") : "-");
        return number is { } pair ? $"{at} qp 0x{pair:x}" : at;
    }

    private static string TextOf(RdmaQueuePair row) =>
        $"{row.Device}/{row.Port} {row.LocalAddress} {row.RemoteAddress} {row.QueuePair} {row.RemoteQueuePair} "
        + $"{row.Type} {row.State} {row.Owner}";

    private static Column<RdmaQueuePair>[] MakeColumns(LiveText text) =>
    [
        new(text.Port, 8, row => $"{row.Device}/{row.Port}") { Stretches = true, Rank = 3 },
        new(text.Local, 14, row => End(row.LocalAddress, row.LocalLid, row.QueuePair)) { Stretches = true, CutsMiddle = true },
        new(text.Remote, 14, row => row.RemoteQueuePair is null ? "" : End(row.RemoteAddress, row.RemoteLid, row.RemoteQueuePair))
        {
            Stretches = true, CutsMiddle = true,
        },
        new(text.Type, 4, row => $"{row.Type}") { Stretches = true, Rank = 4 },
        new(text.State, 5, row => $"{row.State}")
        {
            Rank = 1, Ink = row => row.State is RdmaQueuePairState.Error or RdmaQueuePairState.SQE ? Ink.Bad : Ink.Plain,
        },
        new(text.Rate, 7, row => Brief.Rate(row.EstimatedBytesPerSecond))
        {
            IsRight = true, Rank = 1, Weight = row => row.EstimatedBytesPerSecond ?? -1,
        },
        new(text.SentPackets, 10, row => Brief.Number(row.SentPacketsPerSecond))
        {
            IsRight = true, Rank = 5, Weight = row => row.SentPacketsPerSecond ?? -1,
        },
        new(text.ReceivedPackets, 10, row => Brief.Number(row.ReceivedPacketsPerSecond))
        {
            IsRight = true, Rank = 11, Weight = row => row.ReceivedPacketsPerSecond ?? -1,
        },
        new(text.Process, 9, row => row.Owner ?? "") { Stretches = true, Rank = 2 },
        new("PID", 7, row => $"{row.ProcessId}") { IsRight = true, Rank = 12 },
    ];
}
