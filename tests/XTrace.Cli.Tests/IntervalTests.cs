using System.Diagnostics;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

[Trait("Category", "Privileged")]
public class IntervalTests
{
    [Fact]
    public void Samples_stay_on_multiples_of_the_interval_after_a_hold_up() => Timing.Judge(() =>
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 2000");
        run.WaitUntilLoaded();
        long start = ReadSample(run);
        AssertSampleAt(2, run, start);
        run.Signal("STOP");
        Thread.Sleep(3000);
        run.Signal("CONT");
        AssertSampleAt(5, run, start);
        AssertSampleAt(6, run, start);
        AssertSampleAt(8, run, start);
    });

    [Fact]
    public void It_is_five_seconds_where_none_is_given() => Timing.Judge(() =>
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface}");
        run.WaitUntilLoaded();
        long start = Stopwatch.GetTimestamp();
        AssertSampleAt(5, run, start);
    });

    private static void AssertSampleAt(double seconds, CatchProcess run, long start) =>
        Assert.Equal(seconds, Stopwatch.GetElapsedTime(start, ReadSample(run)).TotalSeconds, tolerance: 0.4);

    /// <summary>When a sample came in which no flow was active.</summary>
    private static long ReadSample(CatchProcess run)
    {
        run.ReadSampleLine();
        return Stopwatch.GetTimestamp();
    }
}
