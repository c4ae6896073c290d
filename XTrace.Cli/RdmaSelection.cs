using System.IO.Enumeration;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>Finds the ports that a request means.</summary>
internal static class RdmaSelection
{
    private const string UsualDevice = "mlx5_0";

    /// <summary>The ports, by device.</summary>
    /// <exception cref="XTraceException">A device or an interface is not there; the message lists what there is.</exception>
    internal static IReadOnlyList<(PortFolder Port, IReadOnlyList<string> Interfaces)> Find(RdmaRequest request)
    {
        InterfaceFinder finder = new();
        (PortFolder Port, IReadOnlyList<string> Interfaces)[] all =
        [
            .. RdmaDevices.Names.SelectMany(name => new DeviceFolder(name).Ports).Select(port =>
                (port, (IReadOnlyList<string>)[.. finder.Find(port, () => GidTable.Read(port.Path)).Select(one => one.InterfaceAlias)])),
        ];
        HashSet<string> devices = [.. Devices(request, all)];
        string[] missing = [.. request.Interfaces.Where(name => !all.Any(one => devices.Contains(one.Port.Device) && one.Interfaces.Contains(name)))];
        return missing.Length == 0
            ? [.. all.Where(one => devices.Contains(one.Port.Device) && (request.Interfaces.Count == 0 || one.Interfaces.Intersect(request.Interfaces).Any()))]
            : throw new XTraceException(
                "RdmaInterfaceNotFound",
                XTraceErrorKind.NotFound,
                RdmaMessages.InterfaceNotFound(missing[0], all.Select(one => $"{one.Port.Device} ({string.Join(' ', one.Interfaces)})")),
                missing[0]);
    }

    private static IEnumerable<string> Devices(RdmaRequest request, (PortFolder Port, IReadOnlyList<string> Interfaces)[] all)
    {
        string[] names = [.. all.Select(one => one.Port.Device).Distinct()];
        if (names.Length == 0 && request.Devices.Count == 0)
        {
            throw new XTraceException("NoRdmaDevice", XTraceErrorKind.NotFound, RdmaMessages.NoDevice);
        }
        if (request.Devices.Count > 0)
        {
            return request.Devices.SelectMany(wanted =>
                names.Where(name => FileSystemName.MatchesSimpleExpression(wanted, name, ignoreCase: false)) is var matches && matches.Any()
                    ? matches
                    : throw RdmaDevices.NotFound(wanted));
        }
        if (request.Interfaces.Count > 0 && names.Length > 0)
        {
            return names;
        }
        return all.FirstOrDefault(one => one.Interfaces.Contains(request.UsualInterface)).Port.Device is { } preferred ? [preferred]
            : names.Length == 1 || names.Contains(UsualDevice) ? [names.Length == 1 ? names[0] : UsualDevice]
            : throw new XTraceException("RdmaDeviceNotChosen", XTraceErrorKind.NotFound, RdmaMessages.WhichDevice(UsualDevice, names));
    }
}
