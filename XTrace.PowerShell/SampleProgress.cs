using System.Diagnostics;
using System.Management.Automation;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>The progress bar of a command that takes a known number of samples; none where that is endless or soon over.</summary>
/// <param name="cmdlet">Whose bar it is. All calls come from the pipeline's thread.</param>
/// <param name="activity">What is being done.</param>
/// <param name="subject">What it is done to.</param>
/// <param name="interval">Time between samples.</param>
/// <param name="samples">How many; null for an endless stream.</param>
internal sealed class SampleProgress(Cmdlet cmdlet, Message activity, string subject, TimeSpan interval, long? samples)
{
    /// <summary>Time between two changes of the bar: the step of a session's wait.</summary>
    internal static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1.5);

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _seconds = interval.TotalSeconds * (samples ?? 0);

    /// <summary>The callback of a session's wait. Null without a bar.</summary>
    internal Action? Tick => _seconds > s_shortest.TotalSeconds ? Show : null;

    /// <summary>Shows how much of the time has passed, and removes the bar when all of it has.</summary>
    private void Show()
    {
        double passed = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        Write(passed, passed < _seconds ? ProgressRecordType.Processing : ProgressRecordType.Completed);
    }

    /// <summary>Removes the bar. It is called after the last wait, before the sample is written.</summary>
    internal void Complete()
    {
        if (Tick is not null)
        {
            Write(_seconds, ProgressRecordType.Completed);
        }
    }

    private void Write(double passed, ProgressRecordType type) => cmdlet.WriteProgress(new ProgressRecord(0, activity.Text(), subject)
    {
        PercentComplete = (int)Math.Min(100, passed / _seconds * 100),
        SecondsRemaining = (int)Math.Max(0, _seconds - passed),
        RecordType = type,
    });
}
