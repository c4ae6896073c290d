using System.Globalization;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The pin of one point: what keeps its program attached.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="InterfaceIndex">The interface's index when it was attached.</param>
/// <param name="Direction">Ingress or Egress.</param>
/// <param name="InterfaceName">The interface's name when it was attached.</param>
internal readonly record struct PointPin(string Path, int InterfaceIndex, FlowDirection Direction, string InterfaceName);

/// <summary>
/// Where a monitor is pinned: <c>/sys/fs/bpf/xtrace/&lt;netns inode&gt;/monitor:&lt;number&gt;/</c>. It holds the maps, the program that
/// reads the clock, and for each point a pin <c>&lt;interface index&gt;:&lt;direction&gt;:&lt;interface&gt;</c>: a link, or a clsact
/// filter's program. No interface may have a colon in its name, so other versions' folders, which are named for interfaces, look different.
/// </summary>
internal sealed class PinFolder(string path)
{
    private const string Prefix = "monitor:";
    private const string ClockName = "clock";
    private const string MetaName = "meta";

    /// <summary>The folder of all monitors.</summary>
    internal static string Root => System.IO.Path.Combine(BpfFileSystem.Root, "xtrace");

    /// <summary>The folder of the network namespace that this thread is in.</summary>
    internal static string OfNamespace => System.IO.Path.Combine(Root, $"{NetworkNamespace.CurrentInode}");

    internal string Path { get; } = path;

    internal string Clock => System.IO.Path.Combine(Path, ClockName);

    internal bool IsOfThisNamespace => System.IO.Path.GetDirectoryName(Path) == OfNamespace;

    /// <summary>The pins of its points, in the order of interfaces.</summary>
    internal IReadOnlyList<PointPin> Points =>
        [.. Files(Path).Select(path => TryParse(path, out PointPin pin) ? pin : default).Where(pin => pin.Path != null)
            .OrderBy(pin => pin.InterfaceIndex).ThenBy(pin => pin.Direction)];

    /// <summary>The monitors of this network namespace.</summary>
    /// <exception cref="XTraceException">Their folder is not to be trusted.</exception>
    internal static IReadOnlyList<PinFolder> All() => In(OfNamespace);

    /// <summary>The monitors of every network namespace.</summary>
    internal static IEnumerable<PinFolder> Everywhere() => Namespaces().SelectMany(In);

    /// <summary>The folders of all network namespaces that have monitors, of this and of other versions.</summary>
    internal static IReadOnlyList<string> Namespaces()
    {
        BpfFileSystem.RequireTrusted(Root);
        return Folders(Root);
    }

    /// <summary>Makes a folder for a new monitor of this namespace.</summary>
    internal static PinFolder Create()
    {
        BpfFileSystem.CreateFolder(Root);
        BpfFileSystem.CreateFolder(OfNamespace);
        int number = 1;
        string path;
        do
        {
            path = System.IO.Path.Combine(OfNamespace, $"{Prefix}{number++}");
        }
        while (FileStatus.IsThere(path));
        BpfFileSystem.CreateFolder(path);
        return new PinFolder(path);
    }

    /// <summary>The folder that holds a point's pin.</summary>
    internal static PinFolder Containing(string pin) => new(System.IO.Path.GetDirectoryName(pin)!);

    /// <summary>The path of a point's pin. bpffs allows no dot in a name.</summary>
    internal string PathFor(NetInterface target, FlowDirection direction) => System.IO.Path.Combine(
        Path,
        $"{target.Index}:{direction.ToString().ToLowerInvariant()}:{Encode(target.Name)}");

    /// <summary>The description of the monitor. False if it belongs to another version.</summary>
    /// <exception cref="BpfException">The pin cannot be opened.</exception>
    internal bool TryReadMeta(out MonitorMeta meta)
    {
        using BpfHandle map = BpfHandle.Open(System.IO.Path.Combine(Path, MetaName));
        return BpfMap.TryRead(map, out meta) && meta.AbiVersion == FlowAbi.Version;
    }

    /// <summary>Removes a point's pin, by its path. The program must be detached before.</summary>
    internal static void Remove(in PointPin pin) => DeleteFile(pin.Path);

    /// <summary>Forgets the monitor: deletes the pins that it has, by their names, and the folders that are empty then.</summary>
    internal void Remove()
    {
        IEnumerable<string> pins = FlowMaps.PinNames.Append(ClockName).Select(name => System.IO.Path.Combine(Path, name));
        foreach (string pin in pins.Where(FileStatus.IsThere))
        {
            DeleteFile(pin);
        }
        RemoveEmpty(Path);
    }

    /// <summary>Removes a folder and those above it, as far as they are empty.</summary>
    internal static void RemoveEmpty(string folder)
    {
        while (folder != Root && FileStatus.IsThere(folder) && IsEmpty(folder))
        {
            Delete(folder, Directory.Delete);
            folder = System.IO.Path.GetDirectoryName(folder)!;
        }
    }

    /// <summary>The folders in a folder; none where it is not there. Links are none.</summary>
    internal static string[] Folders(string folder) => List(folder, Directory.GetDirectories);

    internal static string Decode(string name) =>
        name.Replace("%2e", ".", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    private static string Encode(string name) =>
        name.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2e", StringComparison.Ordinal);

    private static string[] Files(string folder) => List(folder, Directory.GetFiles);

    private static string[] List(string folder, Func<string, string[]> list)
    {
        try
        {
            return [.. KernelFile.Do(KernelOperation.Read(folder), folder, list)
                .Where(path => new FileInfo(path).LinkTarget == null)
                .Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Deletes a pin; one that is gone already is no error.</summary>
    internal static void DeleteFile(string path) => Delete(path, File.Delete);

    private static bool IsEmpty(string folder) =>
        KernelFile.Do(KernelOperation.Read(folder), folder, Directory.GetFileSystemEntries).Length == 0;

    private static void Delete(string path, Action<string> delete) => KernelFile.Do(KernelOperation.Remove(path), path, it =>
    {
        delete(it);
        return true;
    });

    private static PinFolder[] In(string ofNamespace)
    {
        BpfFileSystem.RequireTrusted(Root);
        return [.. Folders(ofNamespace)
            .Where(path => System.IO.Path.GetFileName(path).StartsWith(Prefix, StringComparison.Ordinal))
            .Select(path => new PinFolder(path))];
    }

    /// <summary>Reads the name of a point's pin.</summary>
    internal static bool TryParse(string path, out PointPin pin)
    {
        pin = default;
        if (System.IO.Path.GetFileName(path).Split(':', 3) is [var index, var direction, var name]
            && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && Enum.TryParse(direction, ignoreCase: true, out FlowDirection way))
        {
            pin = new PointPin(path, number, way, Decode(name));
        }
        return pin.Path != null;
    }
}
