namespace XTrace.Net;

/// <summary>The network namespace that the calling thread is in.</summary>
internal static class NetworkNamespace
{
    /// <summary>Its inode, which tells it from every other that exists now.</summary>
    internal static ulong CurrentInode => KernelFile.ReadNamespace("/proc/thread-self/ns/net");
}
