using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>The reader of standard output, who may go away before we do.</summary>
internal static class StandardOutput
{
    private const int Output = 1;

    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

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
