using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Processes;

/// <summary>Which process holds which socket, and which network namespaces there are, from /proc.</summary>
internal sealed unsafe class SocketHolders
{
    private const int MaxTarget = 64; // socket:[4294967295] is 19 bytes
    private const string Proc = "/proc";
    private const string NamedNamespaces = "/run/netns";

    private static readonly EnumerationOptions s_everything = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private readonly Dictionary<ulong, int> _holders = [];
    private readonly Dictionary<uint, string> _namespaces = [];
    private readonly Dictionary<int, SocketOwner> _owners = [];

    /// <summary>The path of each network namespace, by its inode.</summary>
    internal IReadOnlyDictionary<uint, string> Namespaces => _namespaces;

    /// <summary>Processes whose open files this one may not see.</summary>
    internal int UnreadProcesses { get; private set; }

    /// <summary>Looks through /proc again.</summary>
    /// <exception cref="XTraceException">The kernel refused for want of descriptors, memory or the like.</exception>
    internal void Read()
    {
        _holders.Clear();
        _namespaces.Clear();
        _owners.Clear();
        UnreadProcesses = 0;
        foreach (int process in KernelFile.Do(KernelOperation.Read(Proc), Proc, Numbers))
        {
            AddNamespace($"{Proc}/{process}/ns/net");
            AddSockets(process);
        }
        if (Directory.Exists(NamedNamespaces))
        {
            // A process can hold sockets of a namespace that no process is in.
            string[] files = KernelFile.Do(
                KernelOperation.Read(NamedNamespaces), NamedNamespaces, folder => Directory.GetFiles(folder, "*", s_everything));
            Array.ForEach(files, AddNamespace);
        }
    }

    /// <summary>The process that holds a socket; false where none does, or none that this process may see.</summary>
    internal bool TryFind(ulong inode, out SocketOwner owner)
    {
        owner = default;
        return _holders.TryGetValue(inode, out int process) && TryDescribe(process, out owner);
    }

    private bool TryDescribe(int process, out SocketOwner owner)
    {
        if (!_owners.TryGetValue(process, out owner))
        {
            owner = Describe(process);
            _owners.Add(process, owner);
        }
        return owner.Pid != 0;
    }

    /// <summary>Number, name and user of a process; all zero where it is gone, or cannot be read.</summary>
    internal static SocketOwner Describe(int process)
    {
        const string Label = "Uid:";
        SocketOwner owner = default;
        if (KernelFile.OfProcessIfPossible(process, "status", File.ReadAllLines) is { } status
            && KernelFile.OfProcessIfPossible(process, "comm", File.ReadAllBytes) is { } name)
        {
            owner.SetName(name.AsSpan().TrimEnd((byte)'\n'));
            // Real, effective, saved and of the file system: proc_pid_status(5).
            string user = status.First(line => line.StartsWith(Label, StringComparison.Ordinal)).Split('\t')[2];
            owner.Uid = uint.Parse(user, CultureInfo.InvariantCulture);
            owner.Pid = (uint)process;
        }
        return owner;
    }

    private void AddNamespace(string path)
    {
        if (FileStatus.InodeOf(path) is var inode and not 0)
        {
            _namespaces.TryAdd((uint)inode, path);
        }
    }

    private void AddSockets(int process)
    {
        string path = $"{Proc}/{process}/fd";
        int folder = Libc.open(path, Libc.OpenCloseOnExec);
        if (folder < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            UnreadProcesses += error switch
            {
                Errnos.ENOENT or Errnos.ESRCH => 0, // it has ended meanwhile
                Errnos.EACCES or Errnos.EPERM => 1,
                _ => throw new XTraceException(
                    KernelMessages.FileFailed, path, KernelOperation.Read(path), Marshal.GetPInvokeErrorMessage(error)),
            };
            return;
        }
        try
        {
            foreach (int descriptor in KernelFile.OfProcess(process, "fd", Numbers) ?? [])
            {
                if (SocketOf(folder, descriptor) is var inode and not 0
                    && (!_holders.TryGetValue(inode, out int other) || process < other))
                {
                    _holders[inode] = process;
                }
            }
        }
        finally
        {
            _ = Libc.close(folder);
        }
    }

    /// <summary>The inode of the socket behind a descriptor; 0 where it is no socket.</summary>
    private static ulong SocketOf(int folder, int descriptor)
    {
        byte* name = stackalloc byte[16];
        byte* target = stackalloc byte[MaxTarget];
        Utf8Formatter.TryFormat(descriptor, new Span<byte>(name, 15), out int length);
        name[length] = 0;
        nint size = Libc.readlinkat(folder, name, target, MaxTarget);
        ReadOnlySpan<byte> text = size > 0 ? new(target, (int)size) : default;
        ReadOnlySpan<byte> prefix = "socket:["u8;
        return text.StartsWith(prefix) && Utf8Parser.TryParse(text[prefix.Length..], out ulong inode, out _) ? inode : 0;
    }

    /// <summary>The entries of a folder that are numbers.</summary>
    private static List<int> Numbers(string folder) =>
    [
        .. new FileSystemEnumerable<int>(
            folder, (ref FileSystemEntry entry) => int.Parse(entry.FileName, CultureInfo.InvariantCulture), s_everything)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                int.TryParse(entry.FileName, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        },
    ];
}
