using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>Whose counters are wanted, and which.</summary>
internal sealed record CounterSelection
{
    /// <summary>The devices; what any of them means is wanted.</summary>
    internal IReadOnlyList<RdmaTarget> Targets { get; init; } = [new RdmaTarget("*")];

    /// <summary>Devices, or ports of them, that are left out although they are among the targets.</summary>
    internal IReadOnlyList<RdmaTarget> Excluded { get; init; } = [];

    /// <summary>Only ports that use one of these network interfaces; without one, all, and devices as a whole.</summary>
    internal IReadOnlyList<NamePattern> Interfaces { get; init; } = [];

    /// <summary>Whether devices as a whole are left out.</summary>
    internal bool PortsOnly { get; init; }

    /// <summary>Which of their counters.</summary>
    internal CounterFilter Filter { get; init; } = new();
}

/// <summary>Devices that are wanted, and which of their ports.</summary>
internal sealed class RdmaTarget
{
    /// <param name="device">A name or a wildcard.</param>
    /// <param name="ports">Only these ports; without one, all of them and the device as a whole.</param>
    internal RdmaTarget(string device, params IReadOnlyCollection<int> ports) => (Device, Ports) = (new NamePattern(device), ports);

    internal NamePattern Device { get; }

    internal IReadOnlyCollection<int> Ports { get; }
}

/// <summary>The selected counters. Others are never opened.</summary>
internal sealed class CounterFilter
{
    /// <summary>Only of these names; without one, all.</summary>
    internal IReadOnlyCollection<NamePattern> Names { get; init; } = [];

    /// <summary>Only of these categories; without one, of all.</summary>
    internal IReadOnlyCollection<RdmaCounterCategory> Categories { get; init; } = [];

    /// <summary>Only from these sources; without one, from all.</summary>
    internal IReadOnlyCollection<RdmaCounterSource> Sources { get; init; } = [];

    /// <summary>Only those that a total of a port is made of.</summary>
    internal bool OnlyTotals { get; init; }

    /// <summary>Whether anything from a source can be wanted.</summary>
    internal bool Wants(RdmaCounterSource source) => Sources.Count == 0 || Sources.Contains(source);

    internal bool Wants(RdmaCounterSource source, string name, CounterInfo info) =>
        Wants(source)
        && (Categories.Count == 0 || Categories.Contains(info.Category))
        && (Names.Count == 0 || Names.Any(pattern => pattern.IsMatch(name)))
        && (!OnlyTotals || info.Total != PortTotal.None);
}
