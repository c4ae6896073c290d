using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>The index of a flow table at rest, walked without the reader that it is for.</summary>
internal static unsafe class TableIndex
{
    /// <summary>Holds that each slot in use has exactly one entry that leads to it, and each entry leads to a slot in use.</summary>
    /// <returns>The slots in use.</returns>
    internal static int AssertWhole(FlowMonitor monitor)
    {
        int cpus = (int)monitor.Meta.Cpus;
        int buckets = (int)monitor.Meta.Buckets;
        int slots = buckets * FlowAbi.SlotsPerBucket;
        using BpfMemory flows = new(monitor.Maps.Flows, (long)cpus * slots * sizeof(Flow));
        using BpfMemory index = new(monitor.Maps.Buckets, (long)cpus * buckets * sizeof(FlowBucket));
        using BpfMemory states = new(monitor.Maps.States, (long)cpus * sizeof(CpuState));
        int used = 0;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            Flow* slot = (Flow*)flows.Start + ((long)cpu * slots);
            FlowBucket* bucket = (FlowBucket*)index.Start + ((long)cpu * buckets);
            uint given = ((CpuState*)states.Start)[cpu].Used;
            Assert.InRange(given, 0u, (uint)slots);
            int[] leading = CountEntries(new ReadOnlySpan<FlowBucket>(bucket, buckets), slots);
            for (int i = 0; i < slots; i++)
            {
                bool isUsed = slot[i].Packets != 0;
                Assert.True(
                    leading[i] == (isUsed ? 1 : 0),
                    $"CPU {cpu}: {leading[i]} entries lead to slot {i}, which is {(isUsed ? "in use" : "free")}");
                Assert.True(!isUsed || i < given, $"CPU {cpu}: slot {i} is in use, and {given} were given out");
                used += isUsed ? 1 : 0;
            }
        }
        return used;
    }

    private static int[] CountEntries(ReadOnlySpan<FlowBucket> buckets, int slots)
    {
        int[] leading = new int[slots];
        foreach (FlowBucket bucket in buckets)
        {
            for (int way = 0; way < FlowAbi.Ways; way++)
            {
                if (bucket.Entry[way] != 0)
                {
                    leading[(bucket.Entry[way] & FlowAbi.EntrySlot) - 1]++;
                }
            }
        }
        return leading;
    }
}
