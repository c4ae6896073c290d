using System.Globalization;

namespace XTrace.Rdma;

/// <summary>A device's folder in sysfs, <c>class/infiniband/DEVICE</c>, and the device below it.</summary>
internal sealed class DeviceFolder
{
    // Software devices have no driver link. These are the names of their kernel modules.
    private const string SoftRoce = "rdma_rxe";
    private const string SoftIwarp = "siw";
    private const string Subfunction = ".sf."; // drivers/net/ethernet/mellanox/mlx5/core/sf/dev/dev.c
    private const string RnicType = "4: RNIC"; // rdma/ib_verbs.h, enum rdma_node_type

    private readonly string? _below;

    internal DeviceFolder(string name)
    {
        Name = name;
        Path = System.IO.Path.Combine(Sysfs.InfiniBand, name);
        _below = Below(Path);
    }

    internal string Name { get; }

    internal string Path { get; }

    /// <summary>
    /// What the driver link says. Without a device below it is software: of those only rxe has a <c>parent</c> attribute
    /// (drivers/infiniband/sw/rxe/rxe_verbs.c), and only siw is an RNIC.
    /// </summary>
    internal string? Driver
    {
        get
        {
            if (_below is not null)
            {
                return System.IO.Path.GetFileName(Sysfs.Follow(System.IO.Path.Combine(_below, "driver")));
            }
            return File.Exists(System.IO.Path.Combine(Path, "parent")) ? SoftRoce
                : Text("node_type") == RnicType ? SoftIwarp
                : null;
        }
    }

    internal IEnumerable<PortFolder> Ports => PortFolder.List(Name, Path);

    internal RdmaDevice Read(InterfaceFinder finder) => new()
    {
        Name = Name,
        Driver = Driver,
        Firmware = Text("fw_ver"),
        Board = Text("board_id"),
        NodeType = Text("node_type")?.Split(": ")[^1],
        NodeGuid = Text("node_guid"),
        SystemImageGuid = Text("sys_image_guid"),
        Description = Text("node_desc"),
        PciAddress = PciFunctionOf(Path) is { } function ? System.IO.Path.GetFileName(function) : null,
        NumaNode = ReadNumaNode(),
        IsVirtualFunction = PciFunctionOf(Path) is { } pci && Directory.Exists(System.IO.Path.Combine(pci, "physfn")),
        Ports = [.. Ports.Select(port => port.Read(finder))],
        Path = Path,
    };

    /// <summary>
    /// The folder of the PCI function that a class device is on, directly or through devices in between (auxiliary bus);
    /// null if it is on none.
    /// </summary>
    internal static string? PciFunctionOf(string classDevice) => Above(classDevice, IsPciAddress);

    /// <summary>
    /// The same, or the subfunction that the class device is on (<c>mlx5_core.sf.2</c>): a subfunction has network interfaces
    /// of its own, and those of the PCI function are not its.
    /// </summary>
    internal static string? FunctionOf(string classDevice) =>
        Above(classDevice, name => IsPciAddress(name) || name.Contains(Subfunction, StringComparison.Ordinal));

    private static string? Above(string classDevice, Predicate<string> isWanted)
    {
        string? folder = Below(classDevice);
        while (folder is not null && !isWanted(System.IO.Path.GetFileName(folder)))
        {
            folder = System.IO.Path.GetDirectoryName(folder);
        }
        return folder;
    }

    /// <summary>
    /// The device that a class device belongs to. The class folder holds links, and the path to the device is relative to where
    /// they lead.
    /// </summary>
    private static string? Below(string classDevice) =>
        Sysfs.Follow(System.IO.Path.Combine(Sysfs.Follow(classDevice) ?? classDevice, "device"));

    /// <summary>Like 0000:3b:00.0.</summary>
    private static bool IsPciAddress(string name) =>
        name.Split(':', '.') is [{ Length: >= 4 } domain, { Length: 2 } bus, { Length: 2 } device, { Length: 1 } function]
        && (domain + bus + device + function).All(char.IsAsciiHexDigit);

    /// <summary>Of the PCI function; the kernel says -1 where there is no node.</summary>
    private int? ReadNumaNode() =>
        PciFunctionOf(Path) is { } function
        && SysfsFile.ReadText(System.IO.Path.Combine(function, "numa_node")) is var text
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int node)
            ? node
            : null;

    private string? Text(string attribute) => SysfsFile.ReadText(System.IO.Path.Combine(Path, attribute));
}
