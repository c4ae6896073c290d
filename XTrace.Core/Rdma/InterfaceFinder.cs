using System.Globalization;
using System.Net;

namespace XTrace.Rdma;

/// <summary>
/// Finds the network interfaces of ports. All of what the kernel says is taken; the PCI function only where the kernel
/// says nothing. Facts that several ports need are read once.
/// </summary>
internal sealed class InterfaceFinder
{
    private const string InfiniBandType = "32"; // ARPHRD_INFINIBAND, linux/if_arp.h
    private const int FirstPort = 1;
    private const int IpoibAddressLength = 20; // RFC 4391 9.1.1: 4 bytes flags and queue pair, 16 bytes GID

    private readonly Lazy<IReadOnlyDictionary<(string Device, int Port), string>> _netlink = new(
        () => Sysfs.IsLive ? RdmaNetlink.PortInterfaces() : new Dictionary<(string, int), string>());

    private readonly Lazy<NetFolder[]> _folders = new(
        () => [.. Sysfs.NamesOrNone(Sysfs.Net).Select(name => new NetFolder(name, Path.Combine(Sysfs.Net, name)))]);

    /// <summary>The interfaces of a port, each once, with the surest method that found it.</summary>
    /// <param name="port">The port.</param>
    /// <param name="readGids">Its GIDs, read only when they are needed.</param>
    internal IEnumerable<RdmaInterface> Find(PortFolder port, Func<IReadOnlyList<RdmaGid>> readGids)
    {
        HashSet<string> seen = [];
        if (_netlink.Value.TryGetValue((port.Device, port.Number), out string? named) && seen.Add(named))
        {
            yield return Found(named, RdmaInterfaceMethod.RdmaNetlink);
        }
        IReadOnlyList<RdmaGid> gids = readGids();
        foreach (string name in gids.Select(gid => gid.InterfaceAlias).OfType<string>().Where(seen.Add))
        {
            yield return Found(name, RdmaInterfaceMethod.GidTable);
        }
        foreach (string name in OfGid(gids).Where(seen.Add))
        {
            yield return Found(name, RdmaInterfaceMethod.IpoibAddress);
        }
        if (seen.Count == 0)
        {
            foreach (string name in OfFunction(port))
            {
                yield return Found(name, RdmaInterfaceMethod.PciFunction);
            }
        }
    }

    private static RdmaInterface Found(string name, RdmaInterfaceMethod method) => new() { InterfaceAlias = name, FoundBy = method };

    private IEnumerable<string> OfGid(IReadOnlyList<RdmaGid> gids)
    {
        if (gids.FirstOrDefault(gid => gid.Index == 0) is not { } first)
        {
            yield break;
        }
        byte[] gid = IPAddress.Parse(first.Gid).GetAddressBytes();
        foreach (NetFolder folder in _folders.Value)
        {
            if (folder.Text("type") == InfiniBandType
                && ParseAddress(folder.Text("address")) is { Length: IpoibAddressLength } address
                && address.AsSpan(IpoibAddressLength - gid.Length).SequenceEqual(gid))
            {
                yield return folder.Name;
            }
        }
    }

    /// <summary>
    /// Interfaces on the port's function. <c>dev_port</c> tells those of several ports apart, if it counts them at all. If it does
    /// not, further ports belong to a switch (representors), and nothing here says which interface is theirs.
    /// </summary>
    private IEnumerable<string> OfFunction(PortFolder port)
    {
        if (DeviceFolder.FunctionOf(Path.Combine(Sysfs.InfiniBand, port.Device)) is not { } function)
        {
            return [];
        }
        NetFolder[] same = [.. _folders.Value.Where(folder => !folder.IsRepresentor && DeviceFolder.FunctionOf(folder.Path) == function)];
        bool counted = same.Select(folder => folder.Text("dev_port")).Distinct().Count() > 1;
        string index = (port.Number - 1).ToString(CultureInfo.InvariantCulture);
        return same.Where(folder => counted ? folder.Text("dev_port") == index : port.Number == FirstPort).Select(folder => folder.Name);
    }

    private static byte[]? ParseAddress(string? text)
    {
        try
        {
            return text is null ? null : Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private readonly record struct NetFolder(string Name, string Path)
    {
        private static readonly string[] s_switched = ["pf", "vf", "sf"];

        internal string? Text(string attribute) => SysfsFile.ReadText(System.IO.Path.Combine(Path, attribute));

        /// <summary>
        /// A switch's port for another function is on this PCI function, but not of its RDMA port: <c>pf0vf3</c>, <c>pf0sf1</c>,
        /// <c>c1pf0vf3</c>, and on a DPU <c>pf0hpf</c> and <c>c1pf0</c>. The way out is called <c>p0</c>: net/devlink/port.c.
        /// </summary>
        internal bool IsRepresentor =>
            Text("phys_port_name") is { } name && s_switched.Any(kind => name.Contains(kind, StringComparison.Ordinal));
    }
}
