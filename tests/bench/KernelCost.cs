using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Bench;

/// <summary>What a way to count flows costs and holds.</summary>
/// <param name="Nanoseconds">For one packet, above an empty program.</param>
/// <param name="Attributed">Share of all packets sent that the table can still say the flow of.</param>
internal sealed record TableCost(Distribution Nanoseconds, double Attributed);

/// <summary>All ways, in one run.</summary>
/// <param name="Tables">How large the tables were.</param>
/// <param name="Flows">How many flows the packets belonged to.</param>
/// <param name="Plain">The shared hash map.</param>
/// <param name="Lru">The per-CPU LRU hash map.</param>
/// <param name="XTrace">The flow table.</param>
/// <param name="Accounted">Share of the packets that the flow table's flows and its evicted counter come to together.</param>
internal sealed record KernelCostRow(string Tables, int Flows, TableCost Plain, TableCost Lru, TableCost XTrace, double Accounted)
{
    internal const double PlainTarget = 0.5;
    internal const double LruTarget = 0.25;

    /// <summary>Nanoseconds, by the number of flows.</summary>
    internal static readonly IReadOnlyDictionary<int, double> Bounds = new Dictionary<int, double> { [1] = 16, [4096] = 20, [65536] = 60 };

    public double ToPlain => XTrace.Nanoseconds.Median / Plain.Nanoseconds.Median;

    public double ToLru => XTrace.Nanoseconds.Median / Lru.Nanoseconds.Median;

    public double Bound => Bounds[Flows];

    public bool Met => ToPlain <= PlainTarget && ToLru <= LruTarget && XTrace.Nanoseconds.Median <= Bound;
}

/// <summary>Nanoseconds a packet in the kernel: XTrace's program against bpf/hash.bpf.c, packet for packet the same.</summary>
internal static class KernelCost
{
    internal const int RoomForAll = 65536;
    private const int HashRoom = 262144; // a hash map that is full takes longer
    private const int PlainDefault = 10240;
    private const int LruDefault = 16384;
    private const int WideKeySize = 40; // struct wide_key and wide_value in hash.bpf.c
    private const int WideValueSize = 32;
    private const int PlainKeySize = 16;
    private const int PlainValueSize = 16;

    internal static IEnumerable<KernelCostRow> Measure(int rounds, int packets)
    {
        (string, int, int, int)[] sizes =
        [
            ("room for all: 65,536 flows, and for the hashes four times as many", HashRoom, HashRoom, RoomForAll),
            ("default sizes: 10,240 / 16,384 / 65,536 a CPU", PlainDefault, LruDefault, MonitorOptions.DefaultMaxFlow),
        ];
        foreach ((string tables, int plain, int lru, int slots) in sizes)
        {
            foreach (int flows in KernelCostRow.Bounds.Keys)
            {
                yield return Measure(tables, flows, plain, lru, slots, rounds, packets);
            }
        }
    }

    private static KernelCostRow Measure(string tables, int flows, int plainSize, int lruSize, int slots, int rounds, int packets)
    {
        using PinnedThread pin = new(Environment.ProcessorCount - 1); // most interrupts go to the first
        using Driver driver = new(flows);
        using BpfObject hashes = BpfObject.OpenResource(typeof(KernelCost).Assembly, "hash.bpf.o");
        hashes.SetMaxEntries("plain", (uint)plainSize);
        hashes.SetMaxEntries("lru", (uint)lruSize);
        hashes.Load();
        using BenchTable xtrace = new(slots);

        BpfHandle[] programs = [hashes.Program("plain_hash"), hashes.Program("lru_percpu_hash"), xtrace.Xdp];
        double[][] net = [.. programs.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++) // the one before the first warms up
        {
            double empty = driver.Run(driver.Empty, packets);
            for (int i = 0; i < programs.Length; i++)
            {
                double cost = driver.Run(programs[i], packets) - empty;
                if (round >= 0)
                {
                    net[i][round] = cost;
                }
            }
        }

        double sent = (rounds + 1.0) * packets;
        FlowSnapshot snapshot = new();
        xtrace.Monitor.Read(snapshot);
        ulong held = 0;
        foreach (ref readonly FlowRow flow in snapshot.Rows)
        {
            held += flow.Packets;
        }
        return new KernelCostRow(
            tables,
            flows,
            new TableCost(Distribution.From(net[0]), PacketsIn(hashes.Map("plain"), plainSize, PlainKeySize, PlainValueSize, 1) / sent),
            new TableCost(
                Distribution.From(net[1]),
                PacketsIn(hashes.Map("lru"), lruSize, WideKeySize, WideValueSize, PossibleCpus.Count) / sent),
            new TableCost(Distribution.From(net[2]), held / sent),
            (held + xtrace.Totals.EvictedPackets) / sent);
    }

    /// <summary>The sum of what a hash map's values, or each CPU's part of them, begin with.</summary>
    private static double PacketsIn(BpfHandle map, int entries, int keySize, int valueSize, int cpus)
    {
        byte[] values = new byte[entries * valueSize * cpus];
        int count = HashMap.Walk(map, keySize, new byte[(entries + 1) * keySize], valueSize * cpus, values);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(values);
        double packets = 0;
        for (int value = 0; value < count * cpus; value++)
        {
            packets += words[value * valueSize / sizeof(ulong)];
        }
        return packets;
    }
}
