using System.Runtime.InteropServices;
using System.Text;
using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>Standard output. What reads it may go away before we do, and .NET's console says nothing of it.</summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>A buffered writer; what is written leaves with Flush.</summary>
    internal static TextWriter Open() => new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);

    /// <summary>Stops a session when its user has gone: a signal came, or nobody reads standard output any more.</summary>
    internal static Interruption EndsWith(Action stop, Action? abandon = null)
    {
        Interruption interruption = new(s_grace, stop, abandon);
        WhenClosed(stop);
        return interruption;
    }

    /// <summary>Calls back once nobody can read any more: the pipe is broken, the terminal gone.</summary>
    private static void WhenClosed(Action closed)
    {
        Thread watch = new(() =>
        {
            PollDescriptor output = new() { Descriptor = Descriptor };
            while (poll(ref output, 1, -1) < 0)
            {
                // A signal came in between.
            }
            closed();
        });
        watch.IsBackground = true;
        watch.Start();
    }

    /// <summary>struct pollfd, poll.h. Errors and hang-ups are told without being asked for.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc")]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int timeout);
}
