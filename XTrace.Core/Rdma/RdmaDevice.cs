namespace XTrace;

/// <summary>An RDMA device, as it was when read. A property is null if the kernel or the driver does not tell it.</summary>
public sealed class RdmaDevice
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// The driver of the device below, as its driver link says: <c>mlx5_core</c>. Devices in software have no such link:
    /// <c>rdma_rxe</c> and <c>siw</c> are told by what else they have in sysfs.
    /// </summary>
    public string? Driver { get; init; }

    /// <summary>The version of the firmware.</summary>
    public string? Firmware { get; init; }

    /// <summary>The manufacturer's board id.</summary>
    public string? Board { get; init; }

    /// <summary>CA (InfiniBand, RoCE), RNIC (iWARP), …</summary>
    public string? NodeType { get; init; }

    /// <summary>The node GUID.</summary>
    public string? NodeGuid { get; init; }

    /// <summary>The GUID that the devices of one system share.</summary>
    public string? SystemImageGuid { get; init; }

    /// <summary>The node description.</summary>
    public string? Description { get; init; }

    /// <summary>The PCI function: <c>0000:3b:00.0</c>.</summary>
    public string? PciAddress { get; init; }

    /// <summary>The NUMA node that the PCI function is near.</summary>
    public int? NumaNode { get; init; }

    /// <summary>Whether it is a virtual function (SR-IOV).</summary>
    public bool IsVirtualFunction { get; init; }

    /// <summary>Its ports.</summary>
    public ItemList<RdmaPort> Ports { get; init; } = [];

    /// <summary>The network interfaces of all its ports, each once.</summary>
    public ItemList<string> InterfaceAlias => [.. (Ports ?? []).SelectMany(port => port.InterfaceAlias).Distinct()];

    /// <summary>Its folder in sysfs.</summary>
    public string Path { get; init; } = "";

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
