namespace XTrace;

/// <summary>A port of an RDMA device, as it was when read.</summary>
public sealed class RdmaPort
{
    /// <summary>The device it is on.</summary>
    public string Device { get; init; } = "";

    /// <summary>Its number, from 1.</summary>
    public int Port { get; init; }

    /// <summary>The logical state; null if it could not be read.</summary>
    public RdmaPortState? State { get; init; }

    /// <summary>The state of the link below; null if it could not be read.</summary>
    public RdmaPhysicalState? PhysicalState { get; init; }

    /// <summary>InfiniBand or Ethernet (RoCE and iWARP); null if it could not be read.</summary>
    public string? LinkLayer { get; init; }

    /// <summary>Active width times active speed as the kernel says it: <c>100 Gb/sec (4X EDR)</c>.</summary>
    public string? Rate { get; init; }

    /// <summary>The same in bits a second; decimal, as rates of links are.</summary>
    public ulong? BitsPerSecond { get; init; }

    /// <summary>The local identifier that the subnet manager gave it; 0 on Ethernet.</summary>
    public int? Lid { get; init; }

    /// <summary>The GIDs that are in use.</summary>
    public ItemList<RdmaGid> Gids { get; init; } = [];

    /// <summary>Its network interfaces, the surest first.</summary>
    public ItemList<RdmaInterface> Interfaces { get; init; } = [];

    /// <summary>The names of its network interfaces.</summary>
    public ItemList<string> InterfaceAlias => [.. (Interfaces ?? []).Select(netdev => netdev.InterfaceAlias)];

    /// <summary>Device and port, as <c>rdma link</c> writes them.</summary>
    public override string ToString() => $"{Device}/{Port}";
}

/// <summary>Logical state of a port: enum ib_port_state, rdma/ib_verbs.h.</summary>
public enum RdmaPortState
{
    /// <summary>None.</summary>
    Nop,
    /// <summary>No link.</summary>
    Down,
    /// <summary>Link, not yet configured by the subnet manager.</summary>
    Init,
    /// <summary>Configured, not yet for data.</summary>
    Armed,
    /// <summary>Ready for data.</summary>
    Active,
    /// <summary>Ready for data, the link being repaired.</summary>
    ActiveDefer,
}

/// <summary>State of the link below a port: enum ib_port_phys_state, rdma/ib_verbs.h.</summary>
public enum RdmaPhysicalState
{
    /// <summary>None.</summary>
    None,
    /// <summary>Asleep.</summary>
    Sleep,
    /// <summary>Looking for a peer.</summary>
    Polling,
    /// <summary>Switched off.</summary>
    Disabled,
    /// <summary>Negotiating with the peer.</summary>
    PortConfigurationTraining,
    /// <summary>Up.</summary>
    LinkUp,
    /// <summary>Being repaired.</summary>
    LinkErrorRecovery,
    /// <summary>Being tested.</summary>
    PhyTest,
}
