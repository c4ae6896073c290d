using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XTrace.Cli;

/// <summary>Repeats something until the user ends it: a signal comes, or nobody reads any more.</summary>
internal sealed class Ending : IDisposable
{
    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _stop = new();
    private readonly PosixSignalRegistration[] _signals;

    /// <summary>Called where the process ends without leaving its mode.</summary>
    internal Action? Abandon { get; set; }

    internal Ending()
    {
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(one => PosixSignalRegistration.Create(one, Stop))];
        StandardOutput.WhenClosed(_stop.Set);
    }

    /// <summary>Calls at each multiple of the interval, so that no delay adds up; those that are past already are left out.</summary>
    /// <param name="interval">From call to call, and before the first.</param>
    /// <param name="once">Whether the first call is the last.</param>
    /// <param name="action">What is called.</param>
    internal void Repeat(TimeSpan interval, bool once, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        long next = 1;
        while (!_stop.Wait(Max(TimeSpan.Zero, (interval * next) - Stopwatch.GetElapsedTime(start))))
        {
            action();
            if (once)
            {
                return;
            }
            next = Math.Max(next, (long)(Stopwatch.GetElapsedTime(start) / interval)) + 1;
        }
    }

    public void Dispose()
    {
        Array.ForEach(_signals, one => one.Dispose());
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _stop.Set();
        // The reader of a full pipe may never go on.
        Thread.Sleep(s_grace);
        Abandon?.Invoke();
        Environment.Exit(0);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
