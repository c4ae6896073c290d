using XTrace.Messages;

namespace XTrace.Rdma;

/// <summary>The RDMA devices that sysfs shows.</summary>
internal static class RdmaDevices
{
    /// <summary>Their names; none where the kernel has no RDMA.</summary>
    /// <exception cref="XTraceException">They cannot be listed.</exception>
    internal static string[] Names => Sysfs.Names(Sysfs.InfiniBand);

    /// <summary>Devices by name, read one by one as they are asked for.</summary>
    internal static IEnumerable<RdmaDevice> Read(IEnumerable<string> names)
    {
        InterfaceFinder finder = new();
        return names.Select(name => new DeviceFolder(name).Read(finder));
    }

    /// <summary>Their ports; none of those that cannot be listed.</summary>
    internal static IEnumerable<PortFolder> PortsOf(IEnumerable<string> names) => names.SelectMany(name =>
    {
        try
        {
            return new DeviceFolder(name).Ports.ToArray();
        }
        catch (XTraceException)
        {
            return [];
        }
    });

    /// <summary>For an exact name that is not there.</summary>
    internal static XTraceException NotFound(string name) => Names is { Length: > 0 } names
        ? new XTraceException(RdmaMessages.DeviceNotFound, name, name, string.Join(", ", names))
        : new XTraceException(RdmaMessages.DeviceNotFoundNorOthers, name, name);
}
