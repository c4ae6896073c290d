using System.Diagnostics;
using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>When to sample.</summary>
/// <param name="Activity">What is being done, for the progress bar.</param>
/// <param name="Subject">What it is done to.</param>
/// <param name="Interval">Seconds between samples.</param>
/// <param name="Samples">How many; null for an endless stream, which has no progress bar.</param>
internal sealed record SamplePlan(string Activity, string Subject, double Interval, long? Samples);

/// <summary>Waits between samples on the pipeline's thread, and ends at once when the user stops.</summary>
internal sealed class SampleClock : IDisposable
{
    private const double ProgressFrom = 1.5;

    private static readonly TimeSpan s_progressStep = TimeSpan.FromMilliseconds(250);

    private readonly ManualResetEventSlim _stopping = new();

    /// <summary>Ends the wait; for StopProcessing, which runs on another thread.</summary>
    internal void Stop() => _stopping.Set();

    public void Dispose() => _stopping.Dispose();

    /// <summary>Calls at each multiple of the interval, until there were enough or the callee has no more.</summary>
    internal void Run(Cmdlet cmdlet, SamplePlan plan, Func<bool> sample)
    {
        Stopwatch clock = Stopwatch.StartNew();
        long interval = 0;
        for (long taken = 0; plan.Samples is not { } wanted || taken < wanted; taken++)
        {
            // The next multiple of the interval, so that no delay adds up; those that have passed are left out.
            interval = Math.Max(interval, (long)(clock.Elapsed.TotalSeconds / plan.Interval)) + 1;
            if (!WaitUntil(TimeSpan.FromSeconds(plan.Interval * interval), clock, cmdlet, plan) || !sample())
            {
                return;
            }
        }
    }

    /// <returns>False once the user wants to stop.</returns>
    private bool WaitUntil(TimeSpan due, Stopwatch clock, Cmdlet cmdlet, SamplePlan plan)
    {
        bool progress = plan.Samples * plan.Interval > ProgressFrom;
        for (TimeSpan left; (left = due - clock.Elapsed) > TimeSpan.Zero;)
        {
            if (progress)
            {
                ShowProgress(clock.Elapsed.TotalSeconds, cmdlet, plan);
                left = left < s_progressStep ? left : s_progressStep;
            }
            if (_stopping.Wait(left))
            {
                return false;
            }
        }
        if (progress)
        {
            ShowProgress(clock.Elapsed.TotalSeconds, cmdlet, plan);
        }
        return true;
    }

    private static void ShowProgress(double seconds, Cmdlet cmdlet, SamplePlan plan)
    {
        double total = plan.Samples!.Value * plan.Interval;
        cmdlet.WriteProgress(new ProgressRecord(0, plan.Activity, plan.Subject)
        {
            PercentComplete = (int)Math.Min(100, seconds / total * 100),
            SecondsRemaining = (int)Math.Max(0, total - seconds),
            RecordType = seconds < total ? ProgressRecordType.Processing : ProgressRecordType.Completed,
        });
    }
}
