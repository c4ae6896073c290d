using System.Diagnostics;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>--once: one sample after one interval, then the end.</summary>
public class OnceTests
{
    [Fact]
    [Trait("Category", "Privileged")]
    public void Flows_are_printed_once_and_nothing_stays_attached() =>
        Assert.InRange(Timing.SmallestError(0.5, PrintOnce), 0, 0.5);

    [Fact]
    [Trait("Category", "Privileged")]
    public void Without_flows_it_ends_as_well()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 100 --once --json");
        (int code, string output, _) = run.End();
        Assert.Equal((0, ""), (code, output));
    }

    [Theory]
    [InlineData("rdma")]
    [InlineData("nccl")]
    public void A_port_s_counters_are_printed_once(string mode)
    {
        using SysfsTree tree = new();
        tree.Write($"{tree.AddPort(tree.AddDevice("mlx5_0", "mlx5_core"))}/counters/port_xmit_data", "1000");
        using CatchProcess run = new(null, $"-m {mode} -t 100 --once", ("XTRACE_SYSFS_ROOT", tree.Root));
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        Assert.Single(output.Split('\n'), line => line == "---");
    }

    /// <returns>How far, in seconds, the end was from its time.</returns>
    private static double PrintOnce()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 --once");
        run.WaitUntilLoaded();
        long start = Stopwatch.GetTimestamp();
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal(1, CatchProcess.NumberOf(lines[0]));
        Assert.Equal(["10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162"], lines[1..]);
        double away = Math.Abs(Stopwatch.GetElapsedTime(start).TotalSeconds - 1);
        Assert.Empty(pair.Run(AttachedPrograms.Interfaces));
        return away;
    }
}
