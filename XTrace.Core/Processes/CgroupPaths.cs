using XTrace.Bpf;

namespace XTrace.Processes;

/// <summary>
/// The control groups of the hierarchy of version 2 by id, which is their folder's inode: a process that is gone left no more.
/// </summary>
internal sealed class CgroupPaths
{
    private static readonly string[] s_roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

    private readonly Dictionary<ulong, string> _paths = [];

    internal CgroupPaths()
    {
        // Both are mounted where version 1 is in use as well.
        string? root = Array.Find(s_roots, folder => File.Exists($"{folder}/cgroup.procs"));
        if (root == null)
        {
            return;
        }
        EnumerationOptions deep = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 };
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(root, "*", deep))
            {
                _paths[FileStatus.InodeOf(folder)] = folder[root.Length..];
            }
        }
        catch (IOException)
        {
            // No descriptor is left: the groups that are not known have no name then.
        }
    }

    /// <summary>The path of a group under the root; null where it is gone.</summary>
    internal string? Find(ulong id) => _paths.GetValueOrDefault(id);
}
