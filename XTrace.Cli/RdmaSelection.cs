using XTrace.Messages;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>What a request selects.</summary>
internal static class RdmaSelection
{
    private const string UsualDevice = "mlx5_0";

    /// <summary>The folders of RDMA devices.</summary>
    private static readonly RdmaCounterSource[] s_folders =
        [RdmaCounterSource.Counters, RdmaCounterSource.CountersExt, RdmaCounterSource.HwCounters, RdmaCounterSource.DiagCounters];

    /// <summary>
    /// Its devices or network interfaces, else the default device. Mode rdma needs only what the totals of ports are made of.
    /// </summary>
    /// <exception cref="XTraceException">There is no device, or none that is the default.</exception>
    internal static CounterSelection Of(RdmaRequest request) => new()
    {
        Targets = [.. Devices(request).Select(name => new RdmaTarget(name))],
        Interfaces = request.Interfaces,
        PortsOnly = !request.AllCounters,
        Filter = new CounterFilter { OnlyTotals = !request.AllCounters, Sources = s_folders },
    };

    private static IEnumerable<string> Devices(RdmaRequest request)
    {
        if (request.Devices.Count > 0)
        {
            return request.Devices;
        }
        string[] names = RdmaDevices.Names;
        return names.Length == 0 ? throw new XTraceException(RdmaMessages.NoDevice, null)
            : request.Interfaces.Count > 0 ? ["*"]
            : names.Length == 1 ? names
            : UserOf(request.UsualInterface, names) is { } preferred ? [preferred]
            : names.Contains(UsualDevice) ? [UsualDevice]
            : throw new XTraceException(RdmaMessages.DeviceNotChosen, null, UsualDevice, string.Join(", ", names));
    }

    /// <summary>The first device that uses a network interface; null if none does.</summary>
    private static string? UserOf(string networkInterface, string[] names)
    {
        InterfaceFinder finder = new();
        bool Uses(PortFolder port) =>
            finder.Find(port, () => GidTable.Read(port.Path)).Any(one => one.InterfaceAlias == networkInterface);
        return networkInterface.Length == 0 ? null : RdmaDevices.PortsOf(names).FirstOrDefault(Uses).Device;
    }
}
