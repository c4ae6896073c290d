using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

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

    public double ToPlain => XTrace.Nanoseconds.Median / Plain.Nanoseconds.Median;

    public double ToLru => XTrace.Nanoseconds.Median / Lru.Nanoseconds.Median;

    public bool Met => ToPlain <= PlainTarget && ToLru <= LruTarget;
}

/// <summary>Nanoseconds a packet in the kernel: XTrace's program against bpf/hash.bpf.c, packet for packet the same.</summary>
internal static class KernelCost
{
    internal const int RoomForAll = 262144;
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
            ("room for 262,144 flows in each", RoomForAll, RoomForAll, RoomForAll),
            ("default sizes: 10,240 / 16,384 / 16,384 a CPU", PlainDefault, LruDefault, MonitorOptions.DefaultMaxFlow),
        ];
        foreach ((string tables, int plain, int lru, int slots) in sizes)
        {
            foreach (int flows in (int[])[1, 4096, 65536])
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
        Driver.MatchFrags(hashes, "plain_hash", "lru_percpu_hash");
        hashes.Load();
        using FlowProgram xtrace = FlowProgram.Load(new ProgramRequest { SetsPerCpu = slots / FlowAbi.Ways });

        BpfHandle[] programs = [hashes.Program("plain_hash"), hashes.Program("lru_percpu_hash"), xtrace.Xdp];
        double[][] net = [.. programs.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++) // the one before the first warms up
        {
            double empty = driver.Run(driver.Empty, packets);
            for (int i = 0; i < programs.Length; i++)
            {
                double one = driver.Run(programs[i], packets) - empty;
                if (round >= 0)
                {
                    net[i][round] = one;
                }
            }
        }

        double sent = (rounds + 1.0) * packets;
        FlowSnapshot snapshot = new();
        using FlowTable table = new(xtrace.Flows, xtrace.States, xtrace.Cpus, xtrace.SetsPerCpu);
        table.Read(snapshot);
        ulong held = 0;
        foreach (ref readonly Flow flow in snapshot.Flows)
        {
            held += flow.Packets;
        }
        return new KernelCostRow(
            tables,
            flows,
            new TableCost(Distribution.Of(net[0]), PacketsIn(hashes.Map("plain"), plainSize, PlainKeySize, PlainValueSize, 1) / sent),
            new TableCost(Distribution.Of(net[1]), PacketsIn(hashes.Map("lru"), lruSize, WideKeySize, WideValueSize, xtrace.Cpus) / sent),
            new TableCost(Distribution.Of(net[2]), held / sent),
            (held + snapshot.Totals.EvictedPackets) / sent);
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
