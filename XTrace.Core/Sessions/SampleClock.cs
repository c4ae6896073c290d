using System.Diagnostics;

namespace XTrace.Sessions;

/// <summary>
/// Says when a sample is due: at each multiple of the interval since the clock was made, so that no delay adds up. Multiples
/// that have passed already are left out. Any thread may stop it.
/// </summary>
internal sealed class SampleClock(TimeSpan interval) : IDisposable
{
    private readonly ManualResetEventSlim _stopped = new();
    private long _start = Stopwatch.GetTimestamp();
    private long _next = 1;

    /// <summary>Whether somebody wants no more samples.</summary>
    internal bool IsStopped => _stopped.IsSet;

    /// <summary>Time between two samples.</summary>
    internal TimeSpan Interval => interval;

    /// <summary>Time since the clock was made, or began to count anew.</summary>
    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Time until the next sample is due; not above zero when it is.</summary>
    internal TimeSpan Left => (interval * _next) - Elapsed;

    /// <summary>Changes the interval, and counts from now on.</summary>
    internal void Change(TimeSpan to)
    {
        interval = to;
        Restart();
    }

    /// <summary>Counts the intervals from now on.</summary>
    internal void Restart() => (_start, _next) = (Stopwatch.GetTimestamp(), 1);

    /// <summary>Ends every wait, from any thread.</summary>
    internal void Stop() => _stopped.Set();

    /// <summary>Waits for so long, or until somebody stops the clock.</summary>
    internal void Pause(TimeSpan time) => _stopped.Wait(time);

    /// <summary>Waits until the next sample is due.</summary>
    /// <param name="step">How long a pause may be at most.</param>
    /// <param name="pause">Pauses; null: nothing else is to be done meanwhile.</param>
    /// <returns>False once somebody has stopped the clock.</returns>
    internal bool Wait(TimeSpan step, Action<TimeSpan>? pause = null)
    {
        for (TimeSpan left; !IsStopped && (left = Left) > TimeSpan.Zero;)
        {
            (pause ?? Pause)(left < step ? left : step);
        }
        _next = Math.Max(_next, (long)(Elapsed / interval)) + 1;
        return !IsStopped;
    }

    public void Dispose() => _stopped.Dispose();
}
