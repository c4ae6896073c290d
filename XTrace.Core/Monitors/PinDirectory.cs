using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// Where a monitor is pinned: <c>/sys/fs/bpf/xtrace/&lt;netns inode&gt;/&lt;interface&gt;/</c>. The link is pinned last
/// and removed first: a directory without one is what a process left that died on the way.
/// </summary>
internal sealed unsafe class PinDirectory(string path)
{
    internal const string Root = BpfFileSystem.Root + "/xtrace";

    internal string FullPath { get; } = path;

    internal string Meta => Path.Combine(FullPath, "meta");

    internal string Flows => Path.Combine(FullPath, "flows");

    internal string States => Path.Combine(FullPath, "cpus");

    internal string Clock => Path.Combine(FullPath, "clock");

    internal string Link => Path.Combine(FullPath, "link");

    /// <summary>The interface's name when the monitor was started.</summary>
    internal string InterfaceName => Path.GetFileName(FullPath).Replace("%2e", ".", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    internal bool Exists => Directory.Exists(FullPath);

    internal bool HasLink => File.Exists(Link);

    /// <summary>The directory of the network namespace that this thread is in.</summary>
    internal static string OfNamespace => Path.Combine(Root, $"{NetworkNamespace.CurrentInode}");

    /// <summary>The directory of an interface; bpffs allows no dot in a name.</summary>
    internal static PinDirectory Of(string interfaceName) => new(Path.Combine(
        OfNamespace, interfaceName.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2e", StringComparison.Ordinal)));

    /// <summary>All that there are in this namespace.</summary>
    internal static IEnumerable<PinDirectory> All() => In(OfNamespace);

    /// <summary>All that there are in any namespace.</summary>
    internal static IEnumerable<PinDirectory> Everywhere() =>
        Directory.Exists(Root) ? Directory.GetDirectories(Root).SelectMany(In) : [];

    private static IEnumerable<PinDirectory> In(string directory) =>
        Directory.Exists(directory)
            ? Directory.GetDirectories(directory).Order(StringComparer.Ordinal).Select(path => new PinDirectory(path))
            : [];

    internal void Create() => Directory.CreateDirectory(FullPath);

    /// <summary>Detaches and forgets the monitor. Safe at any step: what is left is again a directory without a link. Hold the PinLock.</summary>
    internal void Remove()
    {
        if (HasLink)
        {
            using BpfHandle link = BpfHandle.Open(Link);
            XdpLink.Detach(link);
            File.Delete(Link);
        }
        foreach (string pin in Directory.GetFiles(FullPath))
        {
            File.Delete(pin);
        }
        Directory.Delete(FullPath);
        string ofNamespace = Path.GetDirectoryName(FullPath)!;
        if (!Directory.EnumerateFileSystemEntries(ofNamespace).Any())
        {
            Directory.Delete(ofNamespace);
        }
    }

    /// <summary>What the monitor says of itself.</summary>
    internal MonitorMeta ReadMeta()
    {
        using BpfHandle map = BpfHandle.Open(Meta);
        // Another version's may be longer than ours.
        byte* value = stackalloc byte[4096];
        uint key = 0;
        int result = LibBpf.bpf_map_lookup_elem(map, &key, value);
        return result == 0
            ? *(MonitorMeta*)value
            : throw new BpfException($"read {Meta}", -result, target: InterfaceName);
    }
}
