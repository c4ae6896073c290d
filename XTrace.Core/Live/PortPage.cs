using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.Live;

/// <summary>A port of an RDMA device as it is shown.</summary>
internal sealed record PortRow(
    string Name, string Interface, string State, string Link, double? Sent, double? Received, double? SentPackets, double? ReceivedPackets,
    double Errors, double Retransmissions, double PauseRate);

/// <summary>A counter that grew since the view began.</summary>
internal sealed class RisenCounter(Counter counter)
{
    internal Counter Counter => counter;

    internal ulong Growth { get; set; }
}

/// <summary>RDMA ports, and those of their counters that say that something is wrong.</summary>
internal sealed class PortPage(LiveText text) : TablePage<PortRow>
{
    private readonly Dictionary<Counter, RisenCounter> _risen = [];
    private readonly Column<PortRow>[] _columns = MakeColumns(text);
    private IReadOnlyList<PortRow> _ports = [];
    private string? _chosen;
    private bool _hasSample;

    internal override string Title => text.Ports;

    private protected override int Kept => _ports.Count(row => Filter.Matches(TextOf(row)));

    private protected override IReadOnlyList<Column<PortRow>> Columns => _columns;

    private protected override string NothingText => !_hasSample ? text.Waiting : Filter.IsEmpty ? text.NoPorts : text.NoMatch;

    internal void Take(RdmaSample sample)
    {
        // A port that is gone does not come back with the same counters.
        foreach (Counter gone in _risen.Keys.Except(sample.All).ToArray())
        {
            _risen.Remove(gone);
        }
        foreach (Counter counter in sample.All)
        {
            bool isTold = counter.Info.Category
                is RdmaCounterCategory.Error or RdmaCounterCategory.Retransmission or RdmaCounterCategory.Congestion;
            if (isTold && counter.Delta is > 0 and { } growth)
            {
                _risen.TryAdd(counter, new RisenCounter(counter));
                _risen[counter].Growth += growth;
            }
        }
        _hasSample = true;
        _ports = [.. sample.Places.Where(place => place.Port is not null).Select(Describe)];
    }

    internal override void Draw(Screen screen, int y, int height)
    {
        // Ports come first, and what rose needs some rows too.
        int table = Math.Min(_ports.Count + 1, Math.Max(2, height / 2));
        base.Draw(screen, y, Math.Min(height, Math.Max(2, table)));
        DrawRisen(screen, y + table + 1, height - table - 1);
    }

    private protected override IReadOnlyList<PortRow> Top(int offset, int n)
    {
        IEnumerable<PortRow> rows = _ports.Where(row => Filter.Matches(TextOf(row)));
        Func<PortRow, double> weight = Sorted.Weight!;
        return [.. (IsReversed ? rows.OrderBy(weight) : rows.OrderByDescending(weight)).Skip(offset).Take(n)];
    }

    private protected override void Choose(PortRow row) => _chosen = row.Name;

    internal override IEnumerable<(string Name, string Value)> Describe() =>
        _ports.FirstOrDefault(row => row.Name == _chosen) is not { } port ? [] :
        FlowProperties.Known(
            (text.Port, port.Name),
            (text.Interface, port.Interface),
            (text.State, port.State),
            (text.Link, port.Link),
            (text.Sent, port.Sent is { } sent ? Quantity.BitRate(sent) : null),
            (text.Received, port.Received is { } received ? Quantity.BitRate(received) : null),
            (text.SentPackets, port.SentPackets is { } packets ? Quantity.Rate(packets) : null),
            (text.ReceivedPackets, port.ReceivedPackets is { } others ? Quantity.Rate(others) : null))
        .Append(("", ""))
        .Concat(Risen(port.Name).Select(grown => (grown.Counter.Name, $"+{Brief.Grouped(grown.Growth)}  {grown.Counter.Info.Meaning}")));

    private void DrawRisen(Screen screen, int y, int height)
    {
        RisenCounter[] risen = [.. Risen(null)];
        if (height <= 0 || _ports.Count == 0)
        {
            return;
        }
        screen.Put(0, y, risen.Length == 0 ? text.NothingRisen : text.Risen, Ink.Title);
        for (int i = 0; i < Math.Min(risen.Length, height - 1); i++)
        {
            Counter counter = risen[i].Counter;
            Ink ink = counter.Delta > 0 ? counter.Info.Category == RdmaCounterCategory.Congestion ? Ink.Warning : Ink.Bad : Ink.Plain;
            string name = $"{counter.Place} {counter.Name}";
            screen.Put(0, y + 1 + i, name, ink, 40);
            screen.PutRight(53, y + 1 + i, $"+{Brief.Grouped(risen[i].Growth)}", ink, 12);
            screen.PutRight(65, y + 1 + i, Quantity.Rate(counter.RatePerSecond ?? 0), ink, 11);
            screen.Put(67, y + 1 + i, counter.Info.Meaning ?? "", Ink.Dim);
        }
    }

    /// <summary>Counters that grew in the last interval come first, then the greatest.</summary>
    private IEnumerable<RisenCounter> Risen(string? port) => _risen.Values
        .Where(grown => port is null || $"{grown.Counter.Place}" == port)
        .OrderByDescending(grown => grown.Counter.Delta > 0).ThenByDescending(grown => grown.Growth)
        .ThenBy(grown => grown.Counter.Name, StringComparer.Ordinal);

    private PortRow Describe(CounterPlace place)
    {
        (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = place.PortFolder!.Value.ReadState();
        PortTotals totals = new(place);
        double Growth(RdmaCounterCategory category) =>
            _risen.Values
                .Where(grown => grown.Counter.Place == place && grown.Counter.Info.Category == category)
                .Sum(grown => (double)grown.Growth);
        return new PortRow(
            $"{place}", string.Join(' ', place.Interfaces.Select(netdev => netdev.InterfaceAlias)),
            state == RdmaPortState.Active ? $"{state}" : $"{state}/{physicalState}", rate ?? "",
            totals[PortTotal.SentBytes].RatePerSecond, totals[PortTotal.ReceivedBytes].RatePerSecond,
            totals[PortTotal.SentPackets].RatePerSecond, totals[PortTotal.ReceivedPackets].RatePerSecond,
            Growth(RdmaCounterCategory.Error), Growth(RdmaCounterCategory.Retransmission),
            place.Counters.Where(IsPause).Sum(counter => counter.RatePerSecond ?? 0));
    }

    /// <summary>Frames that ask a port to wait, sent and received, not the time for which it waits.</summary>
    private static bool IsPause(Counter counter) =>
        counter.Info is { Category: RdmaCounterCategory.Congestion, Unit: RdmaCounterUnit.Packets }
        && (counter.Name.Contains("pause", StringComparison.OrdinalIgnoreCase)
            || counter.Name.Contains("pfc", StringComparison.OrdinalIgnoreCase));

    private static string TextOf(PortRow row) => $"{row.Name} {row.Interface} {row.State}";

    private static Column<PortRow>[] MakeColumns(LiveText text) =>
    [
        new(text.Port, 10, row => row.Name) { Stretches = true },
        new(text.Interface, 9, row => row.Interface) { Stretches = true, Rank = 3 },
        new(text.State, 7, row => row.State) { Stretches = true, Rank = 1, Ink = row => row.State == "Active" ? Ink.Plain : Ink.Bad },
        new(text.Link, 10, row => row.Link) { Stretches = true, Rank = 10 },
        new(text.Sent, 7, row => Brief.Rate(row.Sent)) { IsRight = true, Rank = 1, Weight = row => row.Sent ?? -1 },
        new(text.Received, 7, row => Brief.Rate(row.Received)) { IsRight = true, Rank = 1, Weight = row => row.Received ?? -1 },
        new(text.SentPackets, 10, row => Brief.Number(row.SentPackets))
        {
            IsRight = true, Rank = 11, Weight = row => row.SentPackets ?? -1,
        },
        new(text.ReceivedPackets, 10, row => Brief.Number(row.ReceivedPackets))
        {
            IsRight = true, Rank = 11, Weight = row => row.ReceivedPackets ?? -1,
        },
        new(text.Errors, 6, row => $"+{Brief.Number(row.Errors)}")
        {
            IsRight = true, Rank = 2, Weight = row => row.Errors, Ink = row => row.Errors > 0 ? Ink.Bad : Ink.Plain,
        },
        new(text.Retransmitted, 6, row => $"+{Brief.Number(row.Retransmissions)}")
        {
            IsRight = true, Rank = 2, Weight = row => row.Retransmissions, Ink = row => row.Retransmissions > 0 ? Ink.Warning : Ink.Plain,
        },
        new(text.Pauses, 10, row => Brief.Number(row.PauseRate))
        {
            IsRight = true, Rank = 2, Weight = row => row.PauseRate, Ink = row => row.PauseRate > 0 ? Ink.Warning : Ink.Plain,
        },
    ];
}
