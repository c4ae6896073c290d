namespace XTrace;

/// <summary>An entry of a port's GID table.</summary>
public sealed class RdmaGid
{
    /// <summary>Its index in the table.</summary>
    public int Index { get; init; }

    /// <summary>The GID as an IPv6 address, shortened.</summary>
    public string Gid { get; init; } = "";

    /// <summary>The address that flows of it have: IPv4 where the GID is a mapped one, else the GID.</summary>
    public string IPAddress { get; init; } = "";

    /// <summary><c>IB/RoCE v1</c> or <c>RoCE v2</c>, as the kernel says it; null where it does not.</summary>
    public string? Type { get; init; }

    /// <summary>The network interface that the GID is of; null on InfiniBand.</summary>
    public string? InterfaceAlias { get; init; }

    /// <summary>The GID.</summary>
    public override string ToString() => Gid;
}
