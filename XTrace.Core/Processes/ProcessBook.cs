using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Processes;

/// <summary>Processes and users, beside the facts that come with a socket. Each is looked up once a sample.</summary>
internal sealed unsafe class ProcessBook
{
    private const int EntryPointers = 8; // struct passwd, pwd.h: seven members, of which the first is the name
    private const int MaxEntry = 1 << 14;

    private readonly Dictionary<uint, string> _users = [];
    private readonly Dictionary<(uint Pid, ulong Cgroup, bool IsGone), Container> _containers = [];
    private CgroupPaths? _paths;

    /// <summary>Forgets what may have changed since the sample before.</summary>
    internal void Refresh()
    {
        _containers.Clear();
        _paths = null;
    }

    /// <summary>A user's name; the number where it has none.</summary>
    internal string UserOf(uint user)
    {
        if (!_users.TryGetValue(user, out string? name))
        {
            _users[user] = name = Lookup(user) ?? $"{user}";
        }
        return name;
    }

    /// <summary>The container of a process.</summary>
    /// <param name="owner">The process.</param>
    /// <param name="isGone">Whether it may have ended, so that its number may be another's by now.</param>
    internal Container ContainerOf(in SocketOwner owner, bool isGone)
    {
        (uint, ulong, bool) key = (owner.Pid, owner.Cgroup, isGone);
        if (!_containers.TryGetValue(key, out Container? container))
        {
            _containers[key] = container = (isGone || owner.Pid == 0 ? null : Container.Find((int)owner.Pid)) ?? OfCgroup(owner.Cgroup);
        }
        return container;
    }

    private Container OfCgroup(ulong cgroup)
    {
        if (cgroup == 0)
        {
            return Container.None;
        }
        _paths ??= new CgroupPaths();
        return _paths.Find(cgroup) is { } path ? Container.ParsePath(path) : Container.None;
    }

    private static string? Lookup(uint user)
    {
        byte** entry = stackalloc byte*[EntryPointers];
        byte[] buffer = new byte[MaxEntry];
        fixed (byte* strings = buffer)
        {
            byte** result = null;
            return Libc.getpwuid_r(user, entry, strings, MaxEntry, &result) == 0 && result != null
                ? Marshal.PtrToStringUTF8((nint)entry[0])
                : null;
        }
    }
}
