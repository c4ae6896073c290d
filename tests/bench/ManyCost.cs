using System.Globalization;
using System.Text.Json;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>What many interfaces take, each watched in both directions, in seconds from call to last object.</summary>
/// <param name="Interfaces">How many veth interfaces.</param>
/// <param name="Start">Start-XdpMonitor veth*.</param>
/// <param name="Flows">Get-FlowStat veth*, in a process that did nothing before.</param>
/// <param name="List">Get-XdpMonitor.</param>
/// <param name="Stop">Stop-XdpMonitor *.</param>
/// <param name="LockedBytes">Locked memory of all BPF maps that Start made.</param>
internal sealed record ManyCostRow(int Interfaces, double Start, double Flows, double List, double Stop, long LockedBytes)
{
    internal const int LimitsAreFor = 256;
    internal const double StartTarget = 3;
    internal const double FlowsTarget = 0.5;
    internal const double ListTarget = 1;
    internal const double StopTarget = 3;
    internal const long LockedTarget = 64L << 20;

    public bool Met => Interfaces > LimitsAreFor
        || (Start <= StartTarget && Flows <= FlowsTarget && List <= ListTarget && Stop <= StopTarget && LockedBytes <= LockedTarget);
}

/// <summary>The cmdlets on a host with many interfaces, in real pwsh processes.</summary>
internal static class ManyCost
{
    internal static readonly IReadOnlyList<int> Counts = [64, 128, 256, 512];

    internal static IEnumerable<ManyCostRow> Measure(string module) => Counts.Select(count => Measure(count, module));

    private static ManyCostRow Measure(int count, string module)
    {
        using NetNamespace host = new($"xt-many-{Environment.ProcessId}");
        string links = $"for i in $(seq {count}); do echo link add veth$i up type veth peer name p$i; echo link set p$i up; done";
        host.Run(() => Command.Run("sh", "-c", $"{links} | ip -batch -"));
        try
        {
            return Measure(host, count, module);
        }
        finally
        {
            host.Run(RemovePins);
        }
    }

    private static ManyCostRow Measure(NetNamespace host, int count, string module)
    {
        string import = $"$ErrorActionPreference = 'Stop'; Import-Module '{Path.GetFullPath(module)}'";
        const string Timed = "function Time($name, $block) { $watch = [Diagnostics.Stopwatch]::StartNew(); $found = @(& $block); "
            + "$times[$name] = $watch.Elapsed.TotalSeconds; $found }";
        Times started = Run(host, $$"""
            {{import}}; $times = @{}; {{Timed}}
            $started = Time Start { Start-XdpMonitor veth* -Direction Both }
            $listed = Time List { Get-XdpMonitor }
            foreach ($found in $started, $listed) {
                if ($found.Count -ne {{2 * count}}) { throw "$($found.Count) of {{2 * count}} monitors" }
            }
            $times | ConvertTo-Json -Compress
            """);
        long locked = host.Run(LockedBytes);
        Times read = Run(host, $$"""
            {{import}}; $times = @{}; {{Timed}}; $null = Time Flows { Get-FlowStat veth* }
            $times | ConvertTo-Json -Compress
            """);
        Times stopped = Run(host, $$"""
            {{import}}; $times = @{}; {{Timed}}; $null = Time Stop { Stop-XdpMonitor * }
            if (Get-XdpMonitor) { throw 'Stop-XdpMonitor * left monitors' }
            $times | ConvertTo-Json -Compress
            """);
        return new ManyCostRow(count, started.Start, read.Flows, started.List, stopped.Stop, locked);
    }

    /// <summary>A namespace that goes takes clsact filters along, and no pins.</summary>
    private static bool RemovePins()
    {
        string pins = PinFolder.OfNamespace;
        if (Directory.Exists(pins))
        {
            Directory.Delete(pins, recursive: true);
        }
        return true;
    }

    private static Times Run(NetNamespace host, string script) =>
        JsonSerializer.Deserialize<Times>(host.Run(() => Command.Run("pwsh", "-NoProfile", "-NonInteractive", "-Command", script)))!;

    /// <summary>What the kernel says that each pinned map takes.</summary>
    private static long LockedBytes() => PinFolder.All()
        .SelectMany(folder => FlowMaps.PinNames.Select(name => Path.Combine(folder.Path, name)))
        .Select(pin => Command.Run("bpftool", "map", "show", "pinned", pin).Split("memlock ")[1])
        .Sum(text => long.Parse(text.AsSpan(0, text.IndexOf('B', StringComparison.Ordinal)), CultureInfo.InvariantCulture));

    private sealed record Times(double Start, double Flows, double List, double Stop);
}
