using System.Buffers.Text;
using System.Globalization;
using System.IO.Enumeration;
using XTrace.Bpf;

namespace XTrace.Processes;

/// <summary>Which process holds which socket, and which network namespaces there are, from /proc.</summary>
internal sealed unsafe class SocketHolders
{
    private const int MaxTarget = 64; // socket:[4294967295] is 19 bytes
    private const string NamedNamespaces = "/run/netns";

    private static readonly EnumerationOptions s_everything = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private readonly Dictionary<ulong, uint> _holders = [];
    private readonly Dictionary<uint, string> _namespaces = [];
    private readonly Dictionary<uint, SocketOwner> _owners = [];

    /// <summary>The path of each network namespace, by its inode.</summary>
    internal IReadOnlyDictionary<uint, string> Namespaces => _namespaces;

    /// <summary>Processes whose open files this one may not see.</summary>
    internal int UnreadProcesses { get; private set; }

    /// <summary>Looks through /proc again.</summary>
    internal void Read()
    {
        _holders.Clear();
        _namespaces.Clear();
        _owners.Clear();
        UnreadProcesses = 0;
        foreach (uint process in Numbers("/proc"))
        {
            AddNamespace($"/proc/{process}/ns/net");
            AddSockets(process);
        }
        if (Directory.Exists(NamedNamespaces))
        {
            // A process can hold sockets of a namespace that no process is in.
            foreach (string path in Directory.EnumerateFiles(NamedNamespaces, "*", s_everything))
            {
                AddNamespace(path);
            }
        }
    }

    /// <summary>The process that holds a socket; false where none does, or none that this process may see.</summary>
    internal bool TryFind(ulong inode, out SocketOwner owner)
    {
        owner = default;
        return _holders.TryGetValue(inode, out uint process) && TryDescribe(process, out owner);
    }

    private bool TryDescribe(uint process, out SocketOwner owner)
    {
        if (!_owners.TryGetValue(process, out owner))
        {
            owner = Describe(process);
            _owners.Add(process, owner);
        }
        return owner.Pid != 0;
    }

    /// <summary>Number, name and user of a process; all zero where it is gone.</summary>
    internal static SocketOwner Describe(uint process)
    {
        const string Label = "Uid:";
        SocketOwner owner = default;
        try
        {
            string user = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(Label, StringComparison.Ordinal));
            owner.SetName(File.ReadAllBytes($"/proc/{process}/comm").AsSpan().TrimEnd((byte)'\n'));
            // Real, effective, saved and of the file system: proc_pid_status(5).
            owner.Uid = uint.Parse(user.Split('\t')[2], CultureInfo.InvariantCulture);
            owner.Pid = process;
        }
        catch (IOException)
        {
            // It has ended meanwhile.
        }
        catch (UnauthorizedAccessException)
        {
            // It has ended meanwhile, and its folder is nobody's.
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

    private void AddSockets(uint process)
    {
        int folder = Libc.open($"/proc/{process}/fd", Libc.OpenCloseOnExec);
        if (folder < 0)
        {
            UnreadProcesses++;
            return;
        }
        try
        {
            foreach (uint descriptor in Numbers($"/proc/{process}/fd"))
            {
                if (SocketOf(folder, descriptor) is var inode and not 0
                    && (!_holders.TryGetValue(inode, out uint other) || process < other))
                {
                    _holders[inode] = process;
                }
            }
        }
        catch (IOException)
        {
            // The process has ended meanwhile.
        }
        finally
        {
            _ = Libc.close(folder);
        }
    }

    /// <summary>The inode of the socket behind a descriptor; 0 where it is no socket.</summary>
    private static ulong SocketOf(int folder, uint descriptor)
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
    private static FileSystemEnumerable<uint> Numbers(string folder) => new(
        folder, (ref FileSystemEntry entry) => uint.Parse(entry.FileName, CultureInfo.InvariantCulture), s_everything)
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) => uint.TryParse(entry.FileName, CultureInfo.InvariantCulture, out _),
    };
}
