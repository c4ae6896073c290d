using System.Globalization;

namespace XTrace.Net;

/// <summary>The memory that this machine can give.</summary>
internal static class AvailableMemory
{
    /// <summary>Memory that is available without swapping: MemAvailable of proc_meminfo(5), in bytes.</summary>
    internal static long Bytes
    {
        get
        {
            string kibibytes = KernelFile.ReadField("/proc/meminfo", "MemAvailable:");
            return 1024 * long.Parse(kibibytes.AsSpan().TrimEnd(" kB"), CultureInfo.InvariantCulture);
        }
    }
}
