using System.Text;
using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>Standard output. Its reader may go away before we do, and .NET's console says nothing of it.</summary>
internal static class StandardOutput
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>A buffered writer. Flush writes the text out.</summary>
    /// <exception cref="IOException">Standard output is closed.</exception>
    internal static TextWriter Open()
    {
        // The number of a stream that was closed at the start may belong to a file of the runtime by now.
        Console.SetError(Libc.IsWritable(Error)
            ? new StreamWriter(new ErrorStream(), new UTF8Encoding(false)) { AutoFlush = true }
            : TextWriter.Null);
        return Libc.IsWritable(Output)
            ? new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16)
            : throw new IOException(Messages.OutputClosed);
    }

    /// <summary>Stops a session when its user has gone: a signal came, or nobody reads standard output any more.</summary>
    internal static Interruption EndsWith(Action stop, Action? abandon = null)
    {
        Interruption interruption = new(s_grace, stop, abandon);
        WhenClosed(stop);
        return interruption;
    }

    /// <summary>Calls back when nobody can read any more: the pipe is broken or the terminal gone.</summary>
    private static void WhenClosed(Action closed)
    {
        Thread watch = new(() =>
        {
            Libc.PollDescriptor output = new() { Descriptor = Output };
            while (Libc.poll(ref output, 1, -1) < 0)
            {
                // A signal came in between.
            }
            closed();
        });
        watch.IsBackground = true;
        watch.Start();
    }
}
