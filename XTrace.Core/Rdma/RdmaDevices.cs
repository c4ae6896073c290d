namespace XTrace.Rdma;

/// <summary>The RDMA devices that sysfs shows.</summary>
internal static class RdmaDevices
{
    /// <summary>Their names; none where the kernel has no RDMA.</summary>
    internal static string[] Names => Sysfs.Names(Sysfs.InfiniBand);

    /// <summary>Devices by name, read one by one as they are asked for.</summary>
    internal static IEnumerable<RdmaDevice> Read(IEnumerable<string> names)
    {
        InterfaceFinder finder = new();
        foreach (string name in names)
        {
            yield return new DeviceFolder(name).Read(finder);
        }
    }

    /// <summary>For an exact name that is not there.</summary>
    internal static XTraceException NotFound(string name)
    {
        string[] names = Names;
        string there = names.Length == 0
            ? "There are none: load the device's driver, or let XTRACE_SYSFS_ROOT name the host's sysfs"
            : $"There are: {string.Join(", ", names)}";
        return new XTraceException("RdmaDeviceNotFound", XTraceErrorKind.NotFound, $"There is no RDMA device '{name}'. {there}.", name);
    }
}
