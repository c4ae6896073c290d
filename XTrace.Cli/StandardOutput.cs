using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Cli;

/// <summary>Standard output. What reads it may go away before we do, and .NET's console says nothing of it.</summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>A buffered writer; what is written leaves with Flush.</summary>
    internal static TextWriter Open() => new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);

    /// <summary>Calls back once nobody can read any more: the pipe is broken, the terminal gone.</summary>
    internal static void WhenClosed(Action closed)
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
