using System.Diagnostics;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

[Trait("Category", "Privileged")]
public class IntervalTests
{
    private const double Tolerance = 0.4; // seconds

    [Fact]
    public void Samples_stay_on_multiples_of_the_interval_after_a_hold_up() => AssertInTime(() =>
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 2000");
        run.WaitUntilLoaded();
        long start = ReadSample(run);
        double before = ErrorOfSampleAt(2, run, start);
        run.Signal("STOP");
        Thread.Sleep(3000);
        run.Signal("CONT");
        double next = ErrorOfSampleAt(5, run, start);
        double third = ErrorOfSampleAt(6, run, start);
        double fourth = ErrorOfSampleAt(8, run, start);
        return Math.Max(Math.Max(before, next), Math.Max(third, fourth));
    });

    [Fact]
    public void It_is_five_seconds_where_none_is_given() => AssertInTime(() =>
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface}");
        run.WaitUntilLoaded();
        long start = Stopwatch.GetTimestamp();
        return ErrorOfSampleAt(5, run, start);
    });

    private static void AssertInTime(Func<double> measure) =>
        Assert.InRange(Timing.SmallestError(Tolerance, measure), 0, Tolerance);

    /// <summary>How far, in seconds, the next sample is from its time.</summary>
    private static double ErrorOfSampleAt(double seconds, CatchProcess run, long start) =>
        Math.Abs(Stopwatch.GetElapsedTime(start, ReadSample(run)).TotalSeconds - seconds);

    /// <summary>When a sample came in which no flow was active.</summary>
    private static long ReadSample(CatchProcess run)
    {
        run.ReadSampleLine();
        return Stopwatch.GetTimestamp();
    }
}
