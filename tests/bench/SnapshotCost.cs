using System.Diagnostics;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Monitors;

namespace XTrace.Bench;

/// <summary>Reading 65,536 flows, in milliseconds.</summary>
/// <param name="Placement">Which CPUs the flows were counted on.</param>
/// <param name="Flows">How many, the same for each way.</param>
/// <param name="Snapshot">Into a reused snapshot.</param>
/// <param name="Walk">A hash map with the same flows, key by key.</param>
/// <param name="Batch">The same map, by bpf_map_lookup_batch.</param>
internal sealed record SnapshotCostRow(
    string Placement, int Flows, Distribution Snapshot, Distribution Walk, Distribution Batch)
{
    internal const double WalkTarget = 0.1;

    public double ToWalk => Snapshot.Median / Walk.Median;

    public double ToBatch => Snapshot.Median / Batch.Median;

    public bool Met => ToWalk <= WalkTarget;
}

/// <summary>The time of a snapshot: XTrace's mapped table against a hash map that is read through system calls.</summary>
internal static unsafe class SnapshotCost
{
    internal const int Slots = 131072;
    private const int KeySize = 40; // struct flow_key; the rest of struct flow is the value
    private const int ValueSize = 24;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1);

    internal static IEnumerable<SnapshotCostRow> Measure(int rounds)
    {
        yield return Measure("each flow on one CPU", (program, kind, monitor) => TableFill.Spread(program, kind, monitor), rounds);
        yield return Measure("each flow on every CPU", TableFill.Repeat, rounds);
    }

    private static SnapshotCostRow Measure(string placement, Action<BpfHandle, ProgramKind, FlowMonitor> fill, int rounds)
    {
        using BenchTable xtrace = new(Slots);
        fill(xtrace.Xdp, ProgramKind.Xdp, xtrace.Monitor);
        FlowSnapshot snapshot = new();
        xtrace.Monitor.Read(snapshot);
        int flows = snapshot.Count;

        byte[] keys = new byte[(flows + 1) * KeySize];
        byte[] values = new byte[flows * ValueSize];
        using BpfHandle map = HashMap.Create(KeySize, ValueSize, flows);
        Copy(snapshot, map);

        Func<int>[] ways =
        [
            () => { xtrace.Monitor.Read(snapshot); return snapshot.Count; },
            () => HashMap.Walk(map, KeySize, keys, ValueSize, values),
            () => HashMap.ReadBatch(map, flows, keys, values),
        ];
        double[][] times = [.. ways.Select(_ => new double[rounds])];
        for (Stopwatch warmUp = Stopwatch.StartNew(); warmUp.Elapsed < s_warmUp;)
        {
            Array.ForEach(ways, way => Verify(way(), flows));
        }
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++)
            {
                times[i][round] = Time(() => Verify(ways[i](), flows));
            }
        }
        return new SnapshotCostRow(
            placement, flows, Distribution.From(times[0]), Distribution.From(times[1]), Distribution.From(times[2]));
    }

    private static void Copy(FlowSnapshot snapshot, BpfHandle map)
    {
        foreach (ref readonly FlowRow row in snapshot.Rows)
        {
            Flow entry = new() { Key = row.Key, Point = row.Point, LastSeen = row.LastSeen, Packets = row.Packets, Bytes = row.Bytes };
            int result = LibBpf.bpf_map_update_elem(map, &entry, (byte*)&entry + KeySize, 0);
            if (result < 0)
            {
                throw new BpfException(new KernelOperation("fill a hash map", "填充哈希表"), -result);
            }
        }
    }

    private static double Time(Action read)
    {
        long start = Stopwatch.GetTimestamp();
        read();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void Verify(int read, int flows)
    {
        if (read != flows)
        {
            throw new InvalidOperationException($"{read} flows were read, not {flows}.");
        }
    }
}
