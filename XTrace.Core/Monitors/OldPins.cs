using XTrace.Bpf;

namespace XTrace.Monitors;

/// <summary>
/// A monitor that XTrace before version 3 of its table pinned: a folder named for the interface, and since version 2 one below it
/// for the direction. It is told from others and removed, not read.
/// </summary>
internal sealed unsafe class OldPins(string path)
{
    private const string IngressName = "ingress";
    private const string EgressName = "egress";

    private static readonly string[] s_maps = ["meta", "flows", "cpus", "clock"];

    internal string Path { get; } = path;

    internal FlowDirection Direction => System.IO.Path.GetFileName(Path) == EgressName ? FlowDirection.Egress : FlowDirection.Ingress;

    internal string InterfaceName =>
        PinFolder.Decode(System.IO.Path.GetFileName(HasDirection ? System.IO.Path.GetDirectoryName(Path)! : Path));

    /// <summary>Whether all is pinned: the program's pin was the last.</summary>
    internal bool IsWhole => FileStatus.IsThere(Link) || FileStatus.IsThere(Filter);

    /// <summary>The program, or 0.</summary>
    internal uint ProgramId
    {
        get
        {
            if (!FileStatus.IsThere(Link))
            {
                return 0;
            }
            using BpfHandle link = BpfHandle.Open(Link);
            return BpfLink.Query(link).ProgramId;
        }
    }

    /// <summary>Whether the link, where there is one, is attached to nothing any more.</summary>
    internal bool IsDetached
    {
        get
        {
            if (!FileStatus.IsThere(Link))
            {
                return false;
            }
            using BpfHandle link = BpfHandle.Open(Link);
            return BpfLink.Query(link).InterfaceIndex == 0;
        }
    }

    private string Link => System.IO.Path.Combine(Path, "link");

    private string Filter => System.IO.Path.Combine(Path, "filter");

    private bool HasDirection => System.IO.Path.GetFileName(Path) is IngressName or EgressName;

    /// <summary>Those of one network namespace.</summary>
    internal static IEnumerable<OldPins> In(string ofNamespace) => PinFolder.Folders(ofNamespace)
        .Where(folder => !System.IO.Path.GetFileName(folder).Contains(':', StringComparison.Ordinal))
        .SelectMany(OfInterface)
        .Select(folder => new OldPins(folder));

    internal static bool Is(string path) => !System.IO.Path.GetFileName(path).Contains(':', StringComparison.Ordinal);

    /// <summary>Detaches and forgets the monitor. Hold the PinLock.</summary>
    internal void Remove()
    {
        if (FileStatus.IsThere(Link))
        {
            using BpfHandle link = BpfHandle.Open(Link);
            BpfLink.Detach(link);
            PinFolder.DeleteFile(Link);
        }
        if (FileStatus.IsThere(Filter))
        {
            DetachFilter();
            PinFolder.DeleteFile(Filter);
        }
        foreach (string map in s_maps)
        {
            PinFolder.DeleteFile(System.IO.Path.Combine(Path, map));
        }
        PinFolder.RemoveEmpty(Path);
    }

    private void DetachFilter()
    {
        using BpfHandle program = BpfHandle.Open(Filter);
        uint id = BpfProgram.IdOf(program);
        foreach (Net.NetInterface target in Net.NetInterfaces.List())
        {
            ClsactHook.Remove(target.Index, Direction, id);
        }
    }

    private static IEnumerable<string> OfInterface(string folder)
    {
        string[] directions = PinFolder.Folders(folder);
        bool isOne = directions.Length == 0 || FileStatus.IsThere(System.IO.Path.Combine(folder, "link"));
        return isOne ? directions.Prepend(folder) : directions;
    }
}
