using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Bench;

/// <summary>What one TCP stream comes to while one end of a veth pair is watched, in Gbit/s.</summary>
/// <param name="Data">Which way the data goes, seen from the watched end.</param>
/// <param name="Hook">What attach mode Auto took.</param>
/// <param name="Unwatched">Without a monitor.</param>
/// <param name="Auto">With a monitor in attach mode Auto for each direction.</param>
/// <param name="Native">With one in attach mode Native, which has ingress alone.</param>
internal sealed record ThroughputRow(FlowDirection Data, MonitorHook Hook, Distribution Unwatched, Distribution Auto, Distribution Native)
{
    internal const double Target = 0.95;

    public double AutoToUnwatched => Auto.Median / Unwatched.Median;

    public double NativeToUnwatched => Native.Median / Unwatched.Median;

    public bool Met => AutoToUnwatched >= Target;
}

/// <summary>
/// Whether watching slows down what is watched. One end is watched, as on a host with containers: so each frame is
/// counted once, and those of both directions are.
/// </summary>
internal static class Throughput
{
    internal const int MaxRounds = 7;

    private static readonly MonitorOptions s_auto = new() { Mode = AttachMode.Auto, Direction = FlowDirection.Both };
    private static readonly MonitorOptions s_native = new() { Mode = AttachMode.Native, Direction = FlowDirection.Ingress };

    internal static IEnumerable<ThroughputRow> Measure(int rounds)
    {
        using BenchPair pair = new();
        Iperf.AddAddresses(pair);
        foreach (FlowDirection data in (FlowDirection[])[FlowDirection.Egress, FlowDirection.Ingress])
        {
            yield return Measure(pair, data, Math.Min(rounds, MaxRounds));
        }
    }

    private static ThroughputRow Measure(BenchPair pair, FlowDirection data, int rounds)
    {
        MonitorOptions?[] ways = [null, s_auto, s_native];
        double[][] gigabits = [.. ways.Select(_ => new double[rounds])];
        MonitorHook hook = default;
        Run(pair, data, null, ref hook); // warms up
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++)
            {
                // Each is the first as often as the others.
                int way = (round + i) % ways.Length;
                gigabits[way][round] = Run(pair, data, ways[way], ref hook);
            }
        }
        return new ThroughputRow(
            data, hook, Distribution.From(gigabits[0]), Distribution.From(gigabits[1]), Distribution.From(gigabits[2]));
    }

    private static double Run(BenchPair pair, FlowDirection data, MonitorOptions? options, ref MonitorHook hook)
    {
        (double gigabits, MonitorHook taken) = pair.Run(() => Run(pair, data, options));
        if (options == s_auto)
        {
            hook = taken is MonitorHook.Tcx or MonitorHook.Clsact
                ? taken
                : throw new InvalidOperationException($"Auto took {taken} on a veth pair.");
        }
        return gigabits;
    }

    private static (double Gigabits, MonitorHook Hook) Run(BenchPair pair, FlowDirection data, MonitorOptions? options)
    {
        NetInterface target = NetInterfaces.Choose(NetInterfaces.List(), new NamePattern(pair.Interface)).Single();
        FlowDirection[] directions = [.. options?.Directions ?? []];
        using FlowMonitor monitor = FlowMonitor.Create(
            options ?? s_auto, Math.Max(1, directions.Length), ProcessIdentity.Current, _ => { });
        foreach (FlowDirection direction in directions)
        {
            monitor.Attach(target, direction, options!.PlanFor(target, direction), null, _ => { });
        }
        Iperf run = Iperf.Run(pair, reverse: data == FlowDirection.Ingress);
        IReadOnlyList<Point> points = monitor.Points.List();
        foreach (Point point in points)
        {
            Check(monitor, point, data, run);
        }
        return (run.Gigabits, points.Count > 0 ? points[0].Hook : default);
    }

    /// <summary>A monitor that misses the traffic would be fast.</summary>
    private static void Check(FlowMonitor monitor, in Point point, FlowDirection data, Iperf run)
    {
        FlowTotals totals = monitor.Points.ReadTotals(point.Id);
        ulong expected = point.Direction == data ? run.Bytes : 1; // the other way go acknowledgements
        if (totals.Bytes < expected)
        {
            throw new InvalidOperationException(
                $"The {point.Direction} monitor on {point.Hook} counted {totals.Bytes} bytes of at least {expected}.");
        }
    }
}
