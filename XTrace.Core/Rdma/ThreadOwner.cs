using System.Globalization;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>The process that a thread belongs to.</summary>
/// <param name="ProcessId">The process; null if it has ended, or cannot be seen from here.</param>
/// <param name="Name">Its name, as <c>/proc/PID/comm</c> has it.</param>
/// <param name="Started">When the thread started, in clock ticks since boot, so that a later one with its number is another.</param>
internal readonly record struct ThreadOwner(int? ProcessId, string? Name, ulong? Started)
{
    /// <summary>Reads /proc, proc(5).</summary>
    internal static ThreadOwner Find(int thread)
    {
        const string Group = "Tgid:";
        string[]? status = KernelFile.OfProcessIfPossible(thread, "status", File.ReadAllLines);
        string? group = status?.FirstOrDefault(line => line.StartsWith(Group, StringComparison.Ordinal))?[Group.Length..];
        return int.TryParse(group.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
            && KernelFile.OfProcessIfPossible(process, "comm", File.ReadAllText) is { } name
            ? new ThreadOwner(process, name.TrimEnd('\n'), ProcessIdentity.StartOf(thread))
            : default;
    }
}
