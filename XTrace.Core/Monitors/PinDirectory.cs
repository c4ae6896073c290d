using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// Where a monitor is pinned: <c>/sys/fs/bpf/xtrace/&lt;netns inode&gt;/&lt;interface&gt;/&lt;direction&gt;/</c>. The link,
/// or where there is none the filter's program, is pinned last and removed first: a directory without one is what a
/// process left that died on the way.
/// </summary>
internal sealed unsafe class PinDirectory(string path)
{
    internal const string Root = BpfFileSystem.Root + "/xtrace";

    private const string IngressName = "ingress";
    private const string EgressName = "egress";

    internal string FullPath { get; } = path;

    internal string Meta => Path.Combine(FullPath, "meta");

    internal string Flows => Path.Combine(FullPath, "flows");

    internal string States => Path.Combine(FullPath, "cpus");

    internal string Clock => Path.Combine(FullPath, "clock");

    internal string Link => Path.Combine(FullPath, "link");

    internal string Filter => Path.Combine(FullPath, "filter");

    /// <summary>What is watched; Ingress where another version has no such part in its path.</summary>
    internal FlowDirection Direction => Path.GetFileName(FullPath) == EgressName ? FlowDirection.Egress : FlowDirection.Ingress;

    /// <summary>The interface's name when the monitor was started.</summary>
    internal string InterfaceName => Path.GetFileName(HasDirection ? Path.GetDirectoryName(FullPath)! : FullPath).Replace("%2e", ".", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    internal bool Exists => Directory.Exists(FullPath);

    /// <summary>Whether all is pinned.</summary>
    internal bool IsWhole => File.Exists(Link) || File.Exists(Filter);

    /// <summary>Whether it is another user's: its pins open to nobody else.</summary>
    internal bool IsDenied
    {
        get
        {
            try
            {
                using BpfHandle map = BpfHandle.Open(Meta);
                return false;
            }
            catch (BpfException refusal)
            {
                return refusal.Errno == Errnos.EACCES;
            }
        }
    }

    internal bool IsOfThisNamespace => FullPath.StartsWith(OfNamespace + "/", StringComparison.Ordinal);

    private bool HasDirection => Path.GetFileName(FullPath) is IngressName or EgressName;

    /// <summary>The directory of the network namespace that this thread is in.</summary>
    internal static string OfNamespace => Path.Combine(Root, $"{NetworkNamespace.CurrentInode}");

    /// <summary>The directory of an interface's monitor; bpffs allows no dot in a name.</summary>
    internal static PinDirectory Of(string interfaceName, FlowDirection direction) => new(Path.Combine(
        OfNamespace,
        interfaceName.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2e", StringComparison.Ordinal),
        direction == FlowDirection.Ingress ? IngressName : EgressName));

    /// <summary>All that there are in this namespace.</summary>
    internal static IEnumerable<PinDirectory> All() => In(OfNamespace);

    /// <summary>All that there are in any namespace.</summary>
    internal static IEnumerable<PinDirectory> Everywhere() =>
        Directory.Exists(Root) ? Directory.GetDirectories(Root).SelectMany(In) : [];

    private static IEnumerable<PinDirectory> In(string ofNamespace) =>
        Subdirectories(ofNamespace).SelectMany(OfInterface).Select(path => new PinDirectory(path));

    /// <summary>One a direction. Version 1 knew one direction, and what a process left that died at once has none yet.</summary>
    private static IEnumerable<string> OfInterface(string directory)
    {
        string[] directions = Subdirectories(directory);
        IEnumerable<string> known = directions.OrderBy(path => Path.GetFileName(path) != IngressName);
        return directions.Length == 0 || File.Exists(Path.Combine(directory, "link")) ? known.Prepend(directory) : known;
    }

    private static string[] Subdirectories(string directory)
    {
        try
        {
            return [.. Directory.GetDirectories(directory).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    internal void Create() => Directory.CreateDirectory(FullPath);

    /// <summary>Detaches and forgets the monitor. Safe at any step: what is left is again a directory that is not whole. Hold the PinLock.</summary>
    internal void Remove()
    {
        try
        {
            Attachment.Remove(this);
            foreach (string pin in Directory.GetFiles(FullPath))
            {
                File.Delete(pin);
            }
            for (string directory = FullPath; directory != Root && !Directory.EnumerateFileSystemEntries(directory).Any(); directory = Path.GetDirectoryName(directory)!)
            {
                Directory.Delete(directory);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody removed the files by hand.
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
