using System.Diagnostics;
using XTrace.Rdma;

namespace XTrace.Bench;

/// <summary>What it takes to list all queue pairs of this machine, in milliseconds.</summary>
/// <param name="QueuePairs">How many there are.</param>
/// <param name="List">XTrace, with the kernel's answers made into entries.</param>
/// <param name="Tool">The same by <c>rdma resource show qp</c>, a process of its own.</param>
internal sealed record QueuePairCostResult(int QueuePairs, Distribution List, Distribution Tool)
{
    internal const double Target = 100;

    public double AboveTool => List.Median - Tool.Median;

    public bool Met => AboveTool <= Target;
}

/// <summary>Listing queue pairs. It needs a machine with RDMA, and shows most where there are many queue pairs.</summary>
internal static class QueuePairCost
{
    /// <summary>Null where it can be measured.</summary>
    internal static string? WhyNot()
    {
        try
        {
            return RdmaQueuePairs.List().Count > 0 ? null : "there is no queue pair.";
        }
        catch (XTraceException error)
        {
            return error.Message;
        }
    }

    internal static QueuePairCostResult Measure(int rounds)
    {
        double[] list = new double[rounds], tool = new double[rounds];
        int count = 0;
        for (int round = 0; round < rounds; round++)
        {
            tool[round] = Time(RunTool);
            list[round] = Time(() => count = RdmaQueuePairs.List().Count);
        }
        return new QueuePairCostResult(count, Distribution.From(list), Distribution.From(tool));
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void RunTool()
    {
        using Process rdma = Process.Start(new ProcessStartInfo("rdma", ["resource", "show", "qp"]) { RedirectStandardOutput = true })!;
        rdma.StandardOutput.ReadToEnd();
        rdma.WaitForExit();
    }
}
