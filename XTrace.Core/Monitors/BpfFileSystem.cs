using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// The BPF file system holds the pins that outlive a process. By default everybody may write into its root. So a file there is
/// trusted only if its owner is, and no link is followed.
/// </summary>
internal static class BpfFileSystem
{
    private const string Here = "/sys/fs/bpf";

    /// <summary>A search that fails, for example for want of descriptors, is done again the next time.</summary>
    private static readonly Lazy<string> s_root = new(FindRoot, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>
    /// Its root. <c>ip netns exec</c>, for example, gives a command a mount namespace of its own without a BPF file system. A pin
    /// in one that is mounted there is gone with the command. So XTrace uses that of the process that started the command.
    /// </summary>
    internal static string Root => s_root.Value;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    internal static bool IsMounted => Root != Here || IsMountedHere;

    /// <summary>Mounts it if it is not mounted, with access only for its owner.</summary>
    /// <exception cref="XTraceException">It is not mounted, and may not be.</exception>
    internal static void Require()
    {
        if (!IsMounted && IsMountNamespacePrivate)
        {
            throw new XTraceException(FlowMessages.PrivateMountNamespace, Root, Root);
        }
        if (!IsMounted && Libc.mount("bpffs", Root, "bpf", 0, "mode=0700") != 0)
        {
            throw new XTraceException(
                FlowMessages.BpfFileSystemNotMounted, Root, Root, Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        }
    }

    /// <summary>Makes a folder that only its owner may enter, or uses the existing one.</summary>
    /// <exception cref="XTraceException">Something that this user cannot trust has its name.</exception>
    internal static void CreateFolder(string path)
    {
        // It is checked before as well, because a link may lead to nothing, or to something that is not a folder.
        RequireTrusted(path);
        KernelFile.Do(KernelOperation.MakeFolder(path), path, it => Directory.CreateDirectory(it, Private));
        RequireTrusted(path);
    }

    /// <summary>Refuses a folder that is a link, another user's, or open to other users' changes.</summary>
    /// <exception cref="XTraceException">It is.</exception>
    internal static void RequireTrusted(string path)
    {
        FileStatus status = FileStatus.Read(path);
        if (!status.Exists)
        {
            return;
        }
        if (!status.IsDirectory || (status.Owner != 0 && status.Owner != FileStatus.CurrentUser) || (status.Mode & WritableByOthers) != 0)
        {
            throw new XTraceException(FlowMessages.PinFolderNotTrusted, path, path, status.Describe());
        }
    }

    /// <summary>A path below Root as other processes know it.</summary>
    internal static string ToPublic(string path) => Here + path[Root.Length..];

    /// <summary>The same path as this process has to write it.</summary>
    internal static string FromPublic(string path) => path.StartsWith(Here, StringComparison.Ordinal) ? Root + path[Here.Length..] : path;

    /// <summary>Whether this process has mounts that those that started it do not see, so that a new one would end with it.</summary>
    private static bool IsMountNamespacePrivate =>
        ProcessIdentity.Ancestors.Any(id => MountsOf(id) is { } theirs && theirs != KernelFile.ReadNamespace("/proc/thread-self/ns/mnt"));

    private static string FindRoot() =>
        IsMountedHere ? Here
        : ProcessIdentity.Ancestors.Select(id => $"/proc/{id}/root{Here}")
            .FirstOrDefault(path => Ask(() => FileStatus.IsInBpf(path))) ?? Here;

    /// <exception cref="XTraceException">Nobody knows. A second file system, mounted over the first, would hide all pins.</exception>
    private static bool IsMountedHere => FileStatus.IsInBpf(Here);

    /// <summary>The mount namespace of a process; null where this one may not know.</summary>
    private static ulong? MountsOf(int process) => Ask<ulong?>(() => KernelFile.ReadNamespace($"/proc/{process}/ns/mnt"));

    /// <summary>This process may not see those of other users, and any process may end.</summary>
    private static T? Ask<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException or XTraceException)
        {
            return default;
        }
    }
}
