using System.Diagnostics;
using System.Text.Json;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Bench;

/// <summary>What Get-FlowStat takes, in milliseconds.</summary>
/// <param name="Hook">The pinned monitor's hook.</param>
/// <param name="Flows">Objects that it emitted.</param>
/// <param name="First">From call to last object, the first time in a process.</param>
/// <param name="All">The same, later.</param>
/// <param name="Top">The same, of the 20 greatest flows.</param>
/// <param name="OwnTime">A pwsh that imports the module and samples for 1 s, less that second and an empty pwsh.</param>
internal sealed record CmdletCostResult(string Hook, int Flows, double First, Distribution All, Distribution Top, Distribution OwnTime)
{
    internal const double OwnTimeTarget = 400;

    public bool Met => OwnTime.Median <= OwnTimeTarget;
}

/// <summary>
/// Get-FlowStat in a real pwsh, on a pinned monitor that holds 65,536 flows. Its own program counted them, behind the
/// driver; no frames had to cross the wire for them.
/// </summary>
internal static class CmdletCost
{
    internal const int Rounds = 7;
    private const double SampleMilliseconds = 1000;

    /// <summary>What is missing to measure it, or null.</summary>
    internal static string? WhyNot(string module) =>
        !Directory.Exists(module) ? $"there is no module in {module}; build it, or name its folder with --module."
        : !Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "pwsh")))
            ? "pwsh is not on PATH."
        : null;

    internal static CmdletCostResult Measure(string module)
    {
        using BenchPair bench = new();
        string import = $"$ErrorActionPreference = 'Stop'; Import-Module '{Path.GetFullPath(module)}'";
        string start = $"Start-XdpMonitor -InterfaceAlias {bench.Interface} -MaxFlow {SnapshotCost.Slots}";
        string hook = Pwsh(bench.RunInside, $"{import}; ({start}).Hook").Trim();
        bench.Run(Fill);

        Series series = JsonSerializer.Deserialize<Series>(Pwsh(bench.RunInside, $$"""
            {{import}}
            $flows = 0; $all = @(); $top = @()
            foreach ($round in 0..{{Rounds}}) {
                $watch = [Diagnostics.Stopwatch]::StartNew()
                $stats = Get-FlowStat -InterfaceAlias {{bench.Interface}}
                $all += $watch.Elapsed.TotalMilliseconds
                $flows = $stats.Count
                $watch.Restart()
                $stats = Get-FlowStat -InterfaceAlias {{bench.Interface}} -Top 20
                $top += $watch.Elapsed.TotalMilliseconds
                if ($stats.Count -ne 20) { throw "-Top 20 gave $($stats.Count) flows" }
            }
            @{ Flows = $flows; All = $all; Top = $top } | ConvertTo-Json -Compress
            """))!;
        if (series.Flows < TableFill.Flows)
        {
            throw new InvalidOperationException($"Get-FlowStat emitted {series.Flows} flows of {TableFill.Flows}.");
        }
        return new CmdletCostResult(
            hook,
            series.Flows,
            series.All[0],
            Distribution.From(series.All.Skip(1)),
            Distribution.From(series.Top.Skip(1)),
            Distribution.From(OwnTimes(bench, import)));
    }

    private static IEnumerable<double> OwnTimes(BenchPair bench, string import)
    {
        for (int round = -1; round < Rounds; round++)
        {
            string script = $"{import}; Get-FlowStat -InterfaceAlias {bench.PeerInterface} -SampleInterval 1";
            double empty = Time(() => Pwsh(bench.RunAtPeer, ""));
            double sample = Time(() => Pwsh(bench.RunAtPeer, script));
            if (round >= 0)
            {
                yield return sample - SampleMilliseconds - empty;
            }
        }
    }

    /// <summary>On a veth pair Auto takes TC.</summary>
    private static bool Fill()
    {
        PinFolder pins = PinFolder.All().Single();
        using FlowMonitor monitor = FlowMonitor.Open(pins)!;
        using BpfHandle program = FlowProgram.Load(
            FlowProgram.NameOf(MonitorHook.Tcx, FlowDirection.Ingress), monitor.Maps, monitor.HasDetails);
        TableFill.Spread(program, ProgramKind.Tc, monitor, pins.Points.Single().InterfaceIndex);
        return true;
    }

    private static string Pwsh(Func<string[], string> run, string script) =>
        run(["pwsh", "-NoProfile", "-NonInteractive", "-Command", script]);

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private sealed record Series(int Flows, double[] All, double[] Top);
}
