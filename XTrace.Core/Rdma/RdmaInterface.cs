namespace XTrace;

/// <summary>A network interface that belongs to an RDMA port.</summary>
public sealed class RdmaInterface
{
    /// <summary>Its name.</summary>
    public string InterfaceAlias { get; init; } = "";

    /// <summary>How it was found.</summary>
    public RdmaInterfaceMethod FoundBy { get; init; }

    /// <summary>The name.</summary>
    public override string ToString() => InterfaceAlias;
}

/// <summary>How the network interface of an RDMA port was found, the surest first.</summary>
public enum RdmaInterfaceMethod
{
    /// <summary>The kernel names it, by RDMA netlink.</summary>
    RdmaNetlink,
    /// <summary>A GID of the port is of it (<c>gid_attrs/ndevs</c>): also VLANs and bonds above the port.</summary>
    GidTable,
    /// <summary>Its IP over InfiniBand address holds the port's GID 0.</summary>
    IpoibAddress,
    /// <summary>It is on the same PCI function or subfunction: a guess, made where nothing else is known.</summary>
    PciFunction,
}
