using System.Globalization;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>A process, not to be confused with another that has or had its number.</summary>
/// <param name="Id">Its number in its PID namespace.</param>
/// <param name="Started">When it started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5).</param>
/// <param name="Namespace">Inode of its PID namespace.</param>
internal readonly record struct ProcessIdentity(int Id, ulong Started, ulong Namespace)
{
    private const int Start = 22; // the field of /proc/PID/stat

    /// <summary>This process. With a wrong start, others would take it for one that has ended.</summary>
    /// <exception cref="XTraceException">The kernel does not tell.</exception>
    internal static ProcessIdentity Current =>
        new(Environment.ProcessId, Field(KernelFile.ReadText("/proc/self/stat"), Start), CurrentNamespace);

    /// <summary>Whether it is known to have ended. Nothing is known of a process in another PID namespace.</summary>
    internal bool HasEnded => Namespace == CurrentNamespace && (StartOf(Id) is { } started ? started != Started : !Libc.Exists(Id));

    private static ulong CurrentNamespace => KernelFile.ReadNamespace("/proc/self/ns/pid");

    /// <summary>The process that started this one, the one that started that, and so on to the first.</summary>
    internal static IEnumerable<int> Ancestors
    {
        get
        {
            const int Parent = 4; // field 4 of /proc/PID/stat
            for (int id = Environment.ProcessId; id > 1 && FieldOf(id, Parent) is { } parent and > 0; id = (int)parent)
            {
                yield return (int)parent;
            }
        }
    }

    /// <summary>When a process or thread started, in clock ticks since boot; null where it has ended.</summary>
    internal static ulong? StartOf(int id) => FieldOf(id, Start);

    /// <summary>A field of /proc/PID/stat, proc(5); null where the process has ended, or /proc is mounted with hidepid.</summary>
    private static ulong? FieldOf(int id, int field) =>
        KernelFile.OfProcessIfPossible(id, "stat", File.ReadAllText) is { } stat ? Field(stat, field) : null;

    /// <summary>A field after the second, which is the name in parentheses and may hold anything.</summary>
    private static ulong Field(string stat, int field) =>
        ulong.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[field - 3], CultureInfo.InvariantCulture);
}
