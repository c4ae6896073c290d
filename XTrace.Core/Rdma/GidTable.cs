using System.Globalization;
using System.Net;

namespace XTrace.Rdma;

/// <summary>A port's GIDs, from <c>gids</c> and <c>gid_attrs</c>.</summary>
internal static class GidTable
{
    /// <summary>The entries in use. Those that are not read as zeros, and have no attributes.</summary>
    internal static IReadOnlyList<RdmaGid> Read(string portPath)
    {
        List<RdmaGid> gids = [];
        foreach (string name in Sysfs.NamesOrNone(Path.Combine(portPath, "gids")))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && GidOf(portPath, name) is { } gid)
            {
                gids.Add(new RdmaGid
                {
                    Index = index,
                    Gid = gid.ToString(),
                    IPAddress = AddressOf(gid),
                    Type = SysfsFile.ReadText(Path.Combine(portPath, "gid_attrs/types", name)),
                    InterfaceAlias = SysfsFile.ReadText(Path.Combine(portPath, "gid_attrs/ndevs", name)),
                });
            }
        }
        return gids;
    }

    /// <summary>The address of one entry: IPv4 where its GID is a mapped one; null if it is not in use.</summary>
    internal static string? AddressOf(string portPath, int index) =>
        GidOf(portPath, index.ToString(CultureInfo.InvariantCulture)) is { } gid ? AddressOf(gid) : null;

    private static string AddressOf(IPAddress gid) => (gid.IsIPv4MappedToIPv6 ? gid.MapToIPv4() : gid).ToString();

    private static IPAddress? GidOf(string portPath, string index) =>
        IPAddress.TryParse(SysfsFile.ReadText(Path.Combine(portPath, "gids", index)), out IPAddress? gid) && !gid.Equals(IPAddress.IPv6Any)
            ? gid
            : null;
}
