using System.Globalization;

namespace XTrace.Net;

/// <summary>The network namespace that the calling thread is in.</summary>
internal static class NetworkNamespace
{
    /// <summary>Its inode, which tells it from every other that exists now.</summary>
    internal static ulong CurrentInode
    {
        get
        {
            // The link reads net:[4026531840].
            string target = new FileInfo("/proc/thread-self/ns/net").LinkTarget ?? "";
            return ulong.Parse(target.AsSpan().TrimStart("net:[").TrimEnd(']'), CultureInfo.InvariantCulture);
        }
    }
}
