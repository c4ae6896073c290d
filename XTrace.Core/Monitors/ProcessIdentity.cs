using System.Globalization;
using XTrace.Bpf;

namespace XTrace.Monitors;

/// <summary>A process, told from every other that has or had its number.</summary>
/// <param name="Id">Its number in its PID namespace.</param>
/// <param name="Started">When it started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5).</param>
/// <param name="Namespace">Inode of its PID namespace.</param>
internal readonly record struct ProcessIdentity(int Id, ulong Started, ulong Namespace)
{
    internal static ProcessIdentity Current { get; } =
        new(Environment.ProcessId, StartOf(Environment.ProcessId) ?? 0, CurrentNamespace);

    /// <summary>Whether it is known to have ended. Of one in another PID namespace nothing is known.</summary>
    internal bool HasEnded => Namespace == CurrentNamespace && (StartOf(Id) is { } started ? started != Started : !Libc.Exists(Id));

    private static ulong CurrentNamespace
    {
        get
        {
            // The link reads pid:[4026531836].
            string target = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
            return ulong.Parse(target.AsSpan().TrimStart("pid:[").TrimEnd(']'), CultureInfo.InvariantCulture);
        }
    }

    private static ulong? StartOf(int id)
    {
        try
        {
            // The second field is the name in parentheses, which may hold anything.
            string stat = File.ReadAllText($"/proc/{id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ulong.Parse(fields[22 - 3], CultureInfo.InvariantCulture);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            // It has ended, or /proc is mounted with hidepid.
            return null;
        }
    }
}
