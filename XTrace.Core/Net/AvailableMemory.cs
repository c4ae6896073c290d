using System.Globalization;

namespace XTrace.Net;

/// <summary>The memory that this machine can give.</summary>
internal static class AvailableMemory
{
    /// <summary>What can be had without swapping: MemAvailable of proc_meminfo(5), in bytes.</summary>
    internal static long Bytes
    {
        get
        {
            const string Label = "MemAvailable:";
            const NumberStyles Padded = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
            string line = File.ReadLines("/proc/meminfo").First(one => one.StartsWith(Label, StringComparison.Ordinal));
            return 1024 * long.Parse(line.AsSpan(Label.Length).TrimEnd("kB"), Padded, CultureInfo.InvariantCulture);
        }
    }
}
