using XTrace.Net;

namespace XTrace.Processes;

/// <summary>The container of a process, or its systemd unit, as its control groups tell.</summary>
/// <param name="Id">The container's id, or its name where the runtime uses that; null outside of containers.</param>
/// <param name="Runtime">docker, containerd, cri-o, podman, lxc or systemd-nspawn; null where the group does not tell.</param>
/// <param name="Unit">The systemd unit, outside of containers.</param>
internal sealed record Container(string? Id, string? Runtime, string? Unit)
{
    private const int IdLength = 64; // hexadecimal digits of an OCI runtime's container id

    internal static readonly Container None = new(null, null, null);

    /// <summary>How each runtime begins the names of the groups of its containers. The id follows.</summary>
    private static readonly (string Prefix, string Runtime)[] s_prefixes =
    [
        ("docker-", "docker"),
        ("cri-containerd-", "containerd"),
        ("nerdctl-", "containerd"),
        ("crio-", "cri-o"),
        ("libpod-", "podman"),
    ];

    /// <summary>The container of a process; null where the process has ended, or cannot be read.</summary>
    internal static Container? Find(int process) =>
        KernelFile.OfProcessIfPossible(process, "cgroup", File.ReadAllLines) is { } lines ? Parse(lines) : null;

    /// <summary>Reads what /proc/PID/cgroup says, cgroups(7): a line a hierarchy, <c>number:controllers:path</c>.</summary>
    internal static Container Parse(IEnumerable<string> lines)
    {
        Container found = None;
        foreach (string line in lines)
        {
            int second = line.IndexOf(':', line.IndexOf(':', StringComparison.Ordinal) + 1);
            Container container = second < 0 ? None : ParsePath(line[(second + 1)..]);
            if (container.Id != null)
            {
                return container;
            }
            found = found.Unit == null ? container : found;
        }
        return found;
    }

    /// <summary>Reads a group's path. The innermost container counts, then the innermost unit.</summary>
    internal static Container ParsePath(string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            if (Recognise(parts[i], i > 0 ? parts[i - 1] : "") is { } container)
            {
                return container;
            }
        }
        string? unit = parts.LastOrDefault(part => part.EndsWith(".service", StringComparison.Ordinal)
            || part.EndsWith(".scope", StringComparison.Ordinal));
        return new Container(null, null, unit);
    }

    private static Container? Recognise(string part, string parent)
    {
        string name = part.EndsWith(".scope", StringComparison.Ordinal) ? part[..^".scope".Length] : part;
        // A runtime that was told systemd's form and does not use systemd: <slice>:<prefix>:<id>.
        if (name.Split(':') is [_, var prefix, var last] && IsId(last))
        {
            return new Container(last, RuntimeOf($"{prefix}-"), null);
        }
        foreach ((string start, string runtime) in s_prefixes)
        {
            if (name.StartsWith(start, StringComparison.Ordinal) && IsId(name[start.Length..]))
            {
                return new Container(name[start.Length..], runtime, null);
            }
        }
        if (IsId(name))
        {
            return new Container(name, parent == "docker" ? "docker" : null, null);
        }
        return Named(name, part, parent);
    }

    /// <summary>Containers that have a name instead of an id.</summary>
    private static Container? Named(string name, string part, string parent)
    {
        const string Machine = "machine-";
        const string Payload = "lxc.payload.";
        return name.StartsWith(Payload, StringComparison.Ordinal) ? new Container(name[Payload.Length..], "lxc", null)
            : parent == "lxc" ? new Container(name, "lxc", null)
            : parent == "machine.slice" && part != name && name.StartsWith(Machine, StringComparison.Ordinal)
            ? new Container(Unescape(name[Machine.Length..]), "systemd-nspawn", null)
            : null;
    }

    private static string? RuntimeOf(string prefix) => Array.Find(s_prefixes, known => known.Prefix == prefix).Runtime;

    private static bool IsId(string text) => text.Length == IdLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>systemd writes a minus within a name as \x2d.</summary>
    private static string Unescape(string name) => name.Replace(@"\x2d", "-", StringComparison.Ordinal);
}
