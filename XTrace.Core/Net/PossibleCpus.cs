using System.Globalization;

namespace XTrace.Net;

/// <summary>The CPUs that the kernel may ever have.</summary>
internal static class PossibleCpus
{
    /// <summary>One more than the highest number of such a CPU; the list, such as 0-3,8, may have holes.</summary>
    internal static int Count
    {
        get
        {
            string list = KernelFile.ReadText("/sys/devices/system/cpu/possible").Trim();
            return int.Parse(list.AsSpan(list.LastIndexOfAny([',', '-']) + 1), CultureInfo.InvariantCulture) + 1;
        }
    }
}
