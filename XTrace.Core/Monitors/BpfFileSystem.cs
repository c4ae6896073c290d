using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Monitors;

/// <summary>The BPF file system, which holds what outlives a process.</summary>
internal static class BpfFileSystem
{
    internal const string Root = "/sys/fs/bpf";

    internal static bool IsMounted => File.ReadLines("/proc/thread-self/mounts").Any(line => line.Split(' ') is [_, Root, "bpf", ..]);

    /// <summary>Mounts it where it is not.</summary>
    /// <exception cref="XTraceException">It is not mounted, and may not be.</exception>
    internal static void Require()
    {
        if (!IsMounted && Libc.mount("bpffs", Root, "bpf", 0, 0) != 0)
        {
            throw new XTraceException(
                "BpfFileSystemNotMounted",
                XTraceErrorKind.ResourceUnavailable,
                $"{Root} is not mounted, and mounting it failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}. "
                + $"Mount it once as root: 'mount -t bpf bpffs {Root}'.",
                Root);
        }
    }
}
