using System.Text;

namespace XTrace.Cli;

/// <summary>Standard output. Its reader may go away before we do, and .NET's console says nothing of it.</summary>
internal static class StandardOutput
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>A buffered writer; what is written leaves with Flush.</summary>
    /// <exception cref="IOException">Standard output is closed.</exception>
    internal static TextWriter Open()
    {
        // The number of a stream that was closed at the start may belong to a file of the runtime by now.
        if (!Libc.IsWritable(Error))
        {
            Console.SetError(TextWriter.Null);
        }
        return Libc.IsWritable(Output)
            ? new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16)
            : throw new IOException(Messages.OutputClosed);
    }

    /// <summary>Calls back when nobody can read any more: the pipe is broken or the terminal gone.</summary>
    internal static void WhenClosed(Action closed)
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
