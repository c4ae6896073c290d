using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>What a counter did in an interval.</summary>
internal readonly record struct CounterFact
{
    internal string Name { get; init; }

    internal RdmaCounterUnit Unit { get; init; }

    internal RdmaCounterCategory Category { get; init; }

    internal RdmaCounterDirection Direction { get; init; }

    internal RdmaCounterStatus Status { get; init; }

    /// <summary>Null where nobody can tell.</summary>
    internal ulong? Delta { get; init; }

    internal static CounterFact From(Counter counter) => new()
    {
        Name = counter.Name,
        Unit = counter.Info.Unit,
        Category = counter.Info.Category,
        Direction = counter.Info.Direction,
        Status = counter.Status,
        Delta = counter.Delta,
    };
}

/// <summary>What is known of a port, or of a device as a whole, after an interval.</summary>
internal sealed record HealthFacts
{
    internal string Device { get; init; } = "";

    /// <summary>Null for a device as a whole.</summary>
    internal int? Port { get; init; }

    internal string? InterfaceAlias { get; init; }

    internal RdmaPortState? State { get; init; }

    internal RdmaPhysicalState? PhysicalState { get; init; }

    /// <summary>As the kernel says it: <c>100 Gb/sec (4X EDR)</c>.</summary>
    internal string? Rate { get; init; }

    internal bool IsInfiniBand { get; init; }

    internal EthernetLink? Link { get; init; }

    internal PcieLink? Pcie { get; init; }

    /// <summary>Ports with the same text are of one kind: driver, board, link layer.</summary>
    internal string Kind { get; init; } = "";

    /// <summary>What all ports of a kind should have in common, by name.</summary>
    internal IReadOnlyDictionary<string, string> Traits { get; init; } = new Dictionary<string, string>();

    internal IReadOnlyList<CounterFact> Counters { get; init; } = [];

    /// <summary>Packets sent and received in the interval; null if the device does not count them.</summary>
    internal ulong? Packets { get; init; }

    /// <summary>Bytes sent and received in the interval; null if the device does not count them.</summary>
    internal ulong? Bytes { get; init; }

    /// <summary>Null if the kernel does not say.</summary>
    internal IReadOnlyList<QueuePairEntry>? ErrorPairs { get; init; }

    internal TimeSpan Elapsed { get; init; }
}

/// <summary>Gathers facts from sysfs, from drivers and from RDMA netlink. It changes nothing.</summary>
/// <param name="readsQueuePairs">Whether queue pairs are wanted: each costs the device a query.</param>
internal sealed class HealthReader(bool readsQueuePairs) : IDisposable
{
    private readonly Ethtool _ethtool = new();

    /// <summary>The facts of all places of a sample.</summary>
    internal HealthFacts[] Read(IReadOnlyList<CounterPlace> places)
    {
        Dictionary<string, IReadOnlyList<QueuePairEntry>?> pairs =
            places.Select(place => place.Device).Distinct().ToDictionary(device => device, ErrorPairsOf);
        return [.. places.Select(place => Read(place, pairs[place.Device]))];
    }

    public void Dispose() => _ethtool.Dispose();

    private HealthFacts Read(CounterPlace place, IReadOnlyList<QueuePairEntry>? pairs)
    {
        string folder = Path.Combine(Sysfs.InfiniBand, place.Device);
        PortTotals totals = new(place);
        HealthFacts facts = new()
        {
            Device = place.Device,
            Port = place.Port,
            Pcie = DeviceFolder.PciFunctionOf(folder) is { } function ? PcieLink.Read(function) : null,
            Counters = [.. place.Counters.Select(CounterFact.From)],
            Packets = totals[PortTotal.SentPackets].Delta + totals[PortTotal.ReceivedPackets].Delta,
            Bytes = totals[PortTotal.SentBytes].Delta + totals[PortTotal.ReceivedBytes].Delta,
            Elapsed = place.Counters.Max(counter => counter.Elapsed) ?? TimeSpan.Zero,
        };
        return place.PortFolder is { } port ? ReadPort(port, place, facts, pairs) : facts;
    }

    private HealthFacts ReadPort(PortFolder port, CounterPlace place, HealthFacts facts, IReadOnlyList<QueuePairEntry>? pairs)
    {
        (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = port.ReadState();
        string? name = place.Interfaces is [var first, ..] ? first.InterfaceAlias : null;
        string device = Path.Combine(Sysfs.InfiniBand, place.Device);
        string? layer = SysfsFile.ReadText(Path.Combine(port.Path, "link_layer"));
        Dictionary<string, string?> traits = new()
        {
            ["rate"] = rate,
            ["fw_ver"] = SysfsFile.ReadText(Path.Combine(device, "fw_ver")),
            ["mtu"] = name is null ? null : SysfsFile.ReadText(Path.Combine(Sysfs.Net, name, "mtu")),
            ["PCIe"] = facts.Pcie is { } pcie ? $"{pcie.Current}" : null,
        };
        return facts with
        {
            InterfaceAlias = name,
            State = state,
            PhysicalState = physicalState,
            Rate = rate,
            IsInfiniBand = layer == "InfiniBand",
            Link = name is not null && Sysfs.IsHere(name, _ethtool) ? _ethtool.LinkOf(name) : null,
            Kind = $"{place.Driver} {SysfsFile.ReadText(Path.Combine(device, "board_id"))} {layer}",
            Traits = traits.Where(trait => trait.Value is not null).ToDictionary(trait => trait.Key, trait => trait.Value!),
            ErrorPairs = pairs is null ? null : [.. pairs.Where(pair => (pair.Port ?? port.Number) == port.Number)],
        };
    }

    /// <summary>The queue pairs of a device that are in an error state; null if the kernel does not say.</summary>
    private IReadOnlyList<QueuePairEntry>? ErrorPairsOf(string device)
    {
        try
        {
            return readsQueuePairs && Sysfs.IsLive
                ? RdmaQueuePairs.List(device).Where(pair => pair.State is RdmaQueuePairState.Error or RdmaQueuePairState.SQE).ToArray()
                : null;
        }
        catch (XTraceException)
        {
            return null;
        }
    }
}
