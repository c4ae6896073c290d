using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>
/// The kernel's flow table in this process's memory: partitions side by side, one a CPU, each of the same number of
/// sets. All partitions hash alike, so a flow that several CPUs saw stands in the same set of each, and merging them
/// needs no hash table: set by set, against the few flows that the set has so far.
/// </summary>
internal sealed unsafe class FlowTable : IDisposable
{
    private readonly BpfMemory _flows;
    private readonly BpfMemory _states;
    private readonly int _cpus;
    private readonly int _sets;
    private readonly ulong[] _fingerprints;

    /// <param name="flows">The map <c>flows</c>.</param>
    /// <param name="states">The map <c>cpus</c>.</param>
    /// <param name="cpus">Partitions: the CPUs that the kernel may ever have.</param>
    /// <param name="sets">Sets in a partition.</param>
    internal FlowTable(BpfHandle flows, BpfHandle states, int cpus, int sets)
    {
        _cpus = cpus;
        _sets = sets;
        _flows = new BpfMemory(flows, SizeOf(cpus, sets));
        _states = new BpfMemory(states, (long)cpus * sizeof(CpuState));
        _fingerprints = new ulong[cpus * FlowAbi.Ways];
    }

    /// <summary>Flows that one CPU can hold.</summary>
    internal int SlotsPerCpu => _sets * FlowAbi.Ways;

    /// <summary>The table's memory in bytes.</summary>
    internal static long SizeOf(int cpus, int sets) => (long)cpus * sets * FlowAbi.Ways * sizeof(Flow);

    /// <summary>Copies every flow, merged over CPUs, and the totals.</summary>
    internal void Read(FlowSnapshot snapshot)
    {
        snapshot.Reset(_sets);
        snapshot.Totals = ReadTotals();
        for (int set = 0; set < _sets; set++)
        {
            snapshot.Reserve(_cpus * FlowAbi.Ways);
            snapshot.EndSet(set, MergeSet(set, snapshot.Free));
        }
    }

    /// <summary>The totals over all CPUs.</summary>
    internal FlowTotals ReadTotals()
    {
        FlowTotals sum = default;
        CpuState* states = (CpuState*)_states.Start;
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            FlowTotals* one = &states[cpu].Totals;
            sum.Packets += Volatile.Read(ref one->Packets);
            sum.Bytes += Volatile.Read(ref one->Bytes);
            sum.EvictedPackets += Volatile.Read(ref one->EvictedPackets);
            sum.EvictedBytes += Volatile.Read(ref one->EvictedBytes);
            sum.FilteredPackets += Volatile.Read(ref one->FilteredPackets);
            sum.FilteredBytes += Volatile.Read(ref one->FilteredBytes);
            sum.MalformedPackets += Volatile.Read(ref one->MalformedPackets);
            sum.MalformedBytes += Volatile.Read(ref one->MalformedBytes);
        }
        return sum;
    }

    /// <summary>Slots in use, over all CPUs.</summary>
    internal long CountUsedSlots()
    {
        long used = 0;
        long slots = (long)_cpus * _sets * FlowAbi.Ways;
        Flow* flows = (Flow*)_flows.Start;
        for (long slot = 0; slot < slots; slot++)
        {
            used += Volatile.Read(ref flows[slot].Packets) != 0 ? 1 : 0;
        }
        return used;
    }

    public void Dispose()
    {
        _flows.Dispose();
        _states.Dispose();
    }

    private int MergeSet(int set, Span<Flow> flows)
    {
        int count = 0;
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            Flow* slot = (Flow*)_flows.Start + (((long)cpu * _sets) + set) * FlowAbi.Ways;
            int earlier = count;
            for (int way = 0; way < FlowAbi.Ways; way++, slot++)
            {
                if (!TryCopy(slot, out flows[count]))
                {
                    continue;
                }
                // Within a partition a key stands once; only earlier CPUs' flows can be the same.
                ulong fingerprint = FingerprintOf(in flows[count].Key);
                int same = earlier == 0 ? -1 : Find(flows, earlier, in flows[count].Key, fingerprint);
                if (same >= 0)
                {
                    Merge(ref flows[same], in flows[count]);
                }
                else
                {
                    _fingerprints[count++] = fingerprint;
                }
            }
        }
        return count;
    }

    /// <summary>The reader's half of the protocol in bpf/flow.h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryCopy(Flow* slot, out Flow copy)
    {
        while (true)
        {
            ulong packets = Volatile.Read(ref slot->Packets);
            if (packets == 0)
            {
                copy = default;
                return false;
            }
            copy = *slot;
            // The copy's loads come before the loads that check it; x86 keeps them in order by itself.
            if (!X86Base.IsSupported)
            {
                Thread.MemoryBarrier();
            }
            if (Volatile.Read(ref slot->Packets) == packets && copy.Packets == packets && copy.Key.Equals(slot->Key))
            {
                return true;
            }
        }
    }

    private static ulong FingerprintOf(in FlowKey key) =>
        (key.Source1 * 0x9E3779B97F4A7C15) ^ (key.Destination1 * 0xC2B2AE3D27D4EB4F) ^ ((ulong)key.Ports << 20) ^ key.Protocol;

    private int Find(Span<Flow> flows, int count, in FlowKey key, ulong fingerprint)
    {
        ReadOnlySpan<ulong> candidates = _fingerprints.AsSpan(0, count);
        for (int start = 0; ;)
        {
            int offset = candidates[start..].IndexOf(fingerprint);
            if (offset < 0)
            {
                return -1;
            }
            start += offset;
            if (flows[start].Key.Equals(key))
            {
                return start;
            }
            start++;
        }
    }

    private static void Merge(ref Flow flow, in Flow other)
    {
        flow.Packets += other.Packets;
        flow.Bytes += other.Bytes;
        // Jiffies wrap around: of two, the earlier is the one that the other is ahead of.
        flow.FirstSeen = (int)(other.FirstSeen - flow.FirstSeen) < 0 ? other.FirstSeen : flow.FirstSeen;
        flow.LastSeen = (int)(other.LastSeen - flow.LastSeen) > 0 ? other.LastSeen : flow.LastSeen;
    }
}
