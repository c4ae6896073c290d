using System.Runtime.InteropServices;
using System.Text;
using XTrace.Bpf;

namespace XTrace.Programs;

/// <summary>Standard output and standard error. Their readers may go away before the program does, and their disks may be full.</summary>
internal static class StandardStreams
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>
    /// Has Console.Error drop what cannot be written: nobody is left to hear of it, and the program goes on. .NET's own would throw.
    /// </summary>
    internal static void SetError() =>
        // The number of a stream that was closed at the start may belong to a file of the runtime by now.
        Console.SetError(Libc.IsWritable(Error)
            ? new StreamWriter(new DescriptorStream(Error, _ => { }), new UTF8Encoding(false)) { AutoFlush = true }
            : TextWriter.Null);

    /// <summary>A buffered writer to standard output. Flush writes the text out.</summary>
    /// <exception cref="XTraceException">Standard output is closed. The writer throws it as well, where nothing can be written.</exception>
    internal static TextWriter OpenOutput() => Libc.IsWritable(Output)
        ? new StreamWriter(new DescriptorStream(Output, Fail), new UTF8Encoding(false), 1 << 16)
        : throw Failed(OptionMessages.OutputClosed);

    /// <summary>A reader who has gone is no error.</summary>
    private static void Fail(int errno)
    {
        if (errno != Errnos.EPIPE)
        {
            throw Failed(OptionMessages.OutputFailed(Marshal.GetPInvokeErrorMessage(errno)));
        }
    }

    private static XTraceException Failed(string message) => new("OutputFailed", XTraceErrorKind.Failed, message);
}
