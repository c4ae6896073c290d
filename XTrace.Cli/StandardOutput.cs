using System.Runtime.InteropServices;
using System.Text;
using XTrace.Bpf;
using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>Standard output. Its reader may go away before we do, and its disk may be full.</summary>
internal static class StandardOutput
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>A buffered writer. Flush writes the text out.</summary>
    /// <exception cref="XTraceException">Standard output is closed. The writer throws it as well, where nothing can be written.</exception>
    internal static TextWriter Open()
    {
        // The number of a stream that was closed at the start may belong to a file of the runtime by now.
        Console.SetError(Libc.IsWritable(Error)
            ? new StreamWriter(new DescriptorStream(Error, _ => { }), new UTF8Encoding(false)) { AutoFlush = true }
            : TextWriter.Null);
        return Libc.IsWritable(Output)
            ? new StreamWriter(new DescriptorStream(Output, Fail), new UTF8Encoding(false), 1 << 16)
            : throw Failed(Messages.OutputClosed);
    }

    /// <summary>A reader who has gone is no error: the session ends by itself then.</summary>
    private static void Fail(int errno)
    {
        if (errno != Errnos.EPIPE)
        {
            throw Failed(Messages.OutputFailed(Marshal.GetPInvokeErrorMessage(errno)));
        }
    }

    private static XTraceException Failed(string message) => new("OutputFailed", XTraceErrorKind.Failed, message, null);

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
