using System.Globalization;
using XTrace.Monitors;

namespace XTrace.Rdma;

/// <summary>The process that a thread belongs to.</summary>
/// <param name="ProcessId">The process; null if it has ended, or cannot be seen from here.</param>
/// <param name="Name">Its name, as <c>/proc/PID/comm</c> has it.</param>
/// <param name="Started">When the thread started, in clock ticks since boot, so that a later one with its number is another.</param>
internal readonly record struct ThreadOwner(int? ProcessId, string? Name, ulong? Started)
{
    /// <summary>Reads /proc, proc(5).</summary>
    internal static ThreadOwner Of(int thread)
    {
        const string Group = "Tgid:";
        try
        {
            string? line = File.ReadLines($"/proc/{thread}/status").FirstOrDefault(one => one.StartsWith(Group, StringComparison.Ordinal));
            int process = int.Parse(line.AsSpan(Group.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
            string name = File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n');
            return new ThreadOwner(process, name, ProcessIdentity.StartOf(thread));
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException or FormatException)
        {
            return default;
        }
    }
}
