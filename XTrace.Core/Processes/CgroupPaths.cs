using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Processes;

/// <summary>
/// The control groups of the hierarchy of version 2 by id, which is their folder's inode: a process that is gone left no more.
/// </summary>
internal sealed class CgroupPaths
{
    private static readonly string[] s_roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

    private readonly Dictionary<ulong, string> _paths = [];

    /// <exception cref="XTraceException">The kernel refused for want of descriptors, memory or the like.</exception>
    internal CgroupPaths()
    {
        // Both are mounted where version 1 is in use as well.
        string? root = Array.Find(s_roots, folder => File.Exists($"{folder}/cgroup.procs"));
        if (root == null)
        {
            return;
        }
        EnumerationOptions deep = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 };
        foreach (string folder in KernelFile.Do(KernelOperation.Read(root), root, it => Directory.GetDirectories(it, "*", deep)))
        {
            _paths[FileStatus.InodeOf(folder)] = folder[root.Length..];
        }
    }

    /// <summary>The path of a group under the root; null where it is gone.</summary>
    internal string? Find(ulong id) => _paths.GetValueOrDefault(id);
}
