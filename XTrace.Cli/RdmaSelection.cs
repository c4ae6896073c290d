using XTrace.Messages;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>The devices and ports that a request selects.</summary>
internal static class RdmaSelection
{
    /// <summary>The folders of RDMA devices.</summary>
    private static readonly RdmaCounterSource[] s_folders =
        [RdmaCounterSource.Counters, RdmaCounterSource.CountersExt, RdmaCounterSource.HwCounters, RdmaCounterSource.DiagCounters];

    /// <summary>
    /// Its devices or network interfaces, otherwise all devices. Mode rdma needs only the counters of its totals.
    /// </summary>
    /// <exception cref="XTraceException">There is no device.</exception>
    internal static CounterSelection From(RdmaRequest request)
    {
        CounterSelection all = new()
        {
            Interfaces = [.. request.Interfaces.Select(name => new NamePattern(name))],
            PortsOnly = !request.AllCounters,
            Filter = new CounterFilter { OnlyTotals = !request.AllCounters, Sources = s_folders },
        };
        return request.Devices is { } devices ? all with { Targets = devices.Targets, Excluded = devices.Excluded }
            : RdmaDevices.Names.Length == 0 ? throw new XTraceException(RdmaMessages.NoDevice, null)
            : all;
    }
}
