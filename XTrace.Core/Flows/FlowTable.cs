using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>
/// The kernel's flow table in this process's memory: partitions side by side, one a CPU, each with the same number of
/// buckets and slots. All partitions hash alike, so a flow that several CPUs saw has its entry in the same bucket of each, and
/// merging them needs no hash table: bucket by bucket, against the few flows that the bucket has so far.
/// </summary>
internal sealed unsafe class FlowTable : IDisposable
{
    /// <summary>
    /// For how many buckets ahead of the one being read flows are fetched: they lie anywhere, and a fetch takes longer than a copy.
    /// </summary>
    private const int FetchAhead = 4;

    private readonly BpfMemory _flows;
    private readonly BpfMemory _details;
    private readonly BpfMemory _entries;
    private readonly BpfMemory _states;
    private readonly int _cpus;
    private readonly int _buckets;
    private readonly bool _hasDetails;
    private readonly int _detailsSize;
    private readonly ulong[] _fingerprints;
    private FlowDetails _copied;
    private readonly List<int> _inUse = [];

    /// <param name="maps">The monitor's maps.</param>
    /// <param name="cpus">Partitions: the CPUs that the kernel may ever have.</param>
    /// <param name="buckets">Buckets in a partition.</param>
    /// <param name="hasDetails">Whether details are kept.</param>
    internal FlowTable(FlowMaps maps, int cpus, int buckets, bool hasDetails)
    {
        _cpus = cpus;
        _buckets = buckets;
        _hasDetails = hasDetails;
        _detailsSize = DetailsSize(hasDetails);
        _fingerprints = new ulong[cpus * FlowAbi.Ways];
        long slots = (long)cpus * buckets * FlowAbi.SlotsPerBucket;
        _flows = new BpfMemory(maps.Flows, slots * sizeof(Flow));
        _details = new BpfMemory(maps.Details, slots * _detailsSize);
        _entries = new BpfMemory(maps.Buckets, (long)cpus * buckets * sizeof(FlowBucket));
        _states = new BpfMemory(maps.States, (long)cpus * sizeof(CpuState));
    }

    /// <summary>Flows that one CPU can hold.</summary>
    internal int SlotsPerCpu => _buckets * FlowAbi.SlotsPerBucket;

    /// <summary>Slots that were given out, over all CPUs: how full the table is.</summary>
    internal long UsedSlots
    {
        get
        {
            long used = 0;
            for (int cpu = 0; cpu < _cpus; cpu++)
            {
                used += UsedOf(cpu);
            }
            return used;
        }
    }

    /// <summary>A table's memory in bytes, its index and details included.</summary>
    internal static long SizeOf(int cpus, int buckets, bool hasDetails) =>
        (long)cpus * ((buckets * (long)sizeof(FlowBucket))
            + (buckets * (long)FlowAbi.SlotsPerBucket * (sizeof(Flow) + DetailsSize(hasDetails))));

    /// <summary>As much of struct flow_details as a monitor keeps of each flow.</summary>
    private static int DetailsSize(bool hasDetails) => hasDetails ? sizeof(FlowDetails) : FlowAbi.DetailsBaseSize;

    /// <summary>Copies every flow of the present points, merged over CPUs.</summary>
    internal void Read(FlowSnapshot snapshot, Func<uint, bool> isPoint)
    {
        snapshot.Reset(_buckets, (int)UsedSlots + (_cpus * FlowAbi.Ways), _hasDetails);
        FindCpusInUse();
        for (int bucket = 0; bucket < FetchAhead; bucket++)
        {
            Fetch(bucket);
        }
        for (int bucket = 0; bucket < _buckets; bucket++)
        {
            Fetch(bucket + FetchAhead);
            snapshot.Reserve(_inUse.Count * FlowAbi.Ways);
            snapshot.EndBucket(bucket, MergeBucket(bucket, snapshot.Free, snapshot.FreeDetails, isPoint));
        }
    }

    /// <summary>The slots that each point's flows use.</summary>
    internal Dictionary<uint, long> CountSlots()
    {
        Dictionary<uint, long> slotsOfPoint = [];
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            Flow* slot = (Flow*)_flows.Start + ((long)cpu * SlotsPerCpu);
            for (Flow* end = slot + UsedOf(cpu); slot < end; slot++)
            {
                if (Volatile.Read(ref slot->Packets) != 0)
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(slotsOfPoint, slot->Point, out _)++;
                }
            }
        }
        return slotsOfPoint;
    }

    public void Dispose()
    {
        _flows?.Dispose();
        _details?.Dispose();
        _entries?.Dispose();
        _states?.Dispose();
    }

    private uint UsedOf(int cpu) => Math.Min((uint)SlotsPerCpu, Volatile.Read(ref ((CpuState*)_states.Start)[cpu].Used));

    private void FindCpusInUse()
    {
        _inUse.Clear();
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            if (UsedOf(cpu) != 0)
            {
                _inUse.Add(cpu);
            }
        }
    }

    private uint* EntriesOf(int cpu, int bucket) => ((FlowBucket*)_entries.Start)[((long)cpu * _buckets) + bucket].Entry;

    private long SlotOf(int cpu, uint entry) => ((long)cpu * SlotsPerCpu) + (entry & FlowAbi.EntrySlot) - 1;

    private FlowDetails* DetailsAt(long slot) => (FlowDetails*)(_details.Start + (slot * _detailsSize));

    /// <summary>The entries that are not free, a bit each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UsedEntries(uint* entries) =>
        ~(Vector256.Equals(Vector256.Load(entries), default).ExtractMostSignificantBits()
            | (Vector256.Equals(Vector256.Load(entries + 8), default).ExtractMostSignificantBits() << 8)) & 0xffff;

    private void Fetch(int bucket)
    {
        // Elsewhere .NET has no such instruction, and a bucket's loads wait for each other no more than they must.
        if (bucket >= _buckets || !Sse.IsSupported)
        {
            return;
        }
        foreach (int cpu in CollectionsMarshal.AsSpan(_inUse))
        {
            uint* entries = EntriesOf(cpu, bucket);
            for (uint used = UsedEntries(entries); used != 0; used &= used - 1)
            {
                long slot = SlotOf(cpu, entries[BitOperations.TrailingZeroCount(used)]);
                Sse.Prefetch0((Flow*)_flows.Start + slot);
                Sse.Prefetch0(DetailsAt(slot));
            }
        }
    }

    private int MergeBucket(int bucket, Span<FlowRow> rows, Span<FlowDetails> details, Func<uint, bool> isPoint)
    {
        int count = 0;
        foreach (int cpu in CollectionsMarshal.AsSpan(_inUse))
        {
            uint* entries = EntriesOf(cpu, bucket);
            int earlier = count;
            for (uint used = UsedEntries(entries); used != 0; used &= used - 1)
            {
                if (!TryCopy(cpu, entries + BitOperations.TrailingZeroCount(used), out rows[count]) || !isPoint(rows[count].Point))
                {
                    continue;
                }
                // Within a partition a key stands once; only earlier CPUs' flows can be the same.
                ulong fingerprint = FingerprintOf(in rows[count]);
                int same = earlier == 0 ? -1 : Find(rows, earlier, in rows[count], fingerprint);
                if (_hasDetails && same >= 0)
                {
                    details[same].Add(in _copied, rows[count].IsLaterThan(in rows[same]));
                }
                else if (_hasDetails)
                {
                    details[count] = _copied;
                }
                if (same >= 0)
                {
                    rows[same].Add(in rows[count]);
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
    private bool TryCopy(int cpu, uint* entry, out FlowRow row)
    {
        row = default;
        while (Volatile.Read(ref *entry) is var number and not 0)
        {
            long slot = SlotOf(cpu, number);
            Flow* flow = (Flow*)_flows.Start + slot;
            ulong packets = Volatile.Read(ref flow->Packets);
            row.Key = flow->Key;
            row.Point = flow->Point;
            row.LastSeen = flow->LastSeen;
            row.Bytes = flow->Bytes;
            row.Packets = packets;
            FlowDetails* details = DetailsAt(slot);
            row.FirstSeen = details->FirstSeen;
            if (_hasDetails)
            {
                _copied = *details;
            }
            // The copy's loads come before the loads that check it; x86 keeps them in order by itself.
            if (!X86Base.IsSupported)
            {
                Thread.MemoryBarrier();
            }
            if (packets != 0 && Volatile.Read(ref flow->Packets) == packets && row.Key.Equals(flow->Key) && row.Point == flow->Point
                && Volatile.Read(ref *entry) == number)
            {
                return true;
            }
        }
        return false;
    }

    private static ulong FingerprintOf(in FlowRow row) =>
        (row.Key.Source1 * 0x9E3779B97F4A7C15)
            ^ (row.Key.Destination1 * 0xC2B2AE3D27D4EB4F)
            ^ ((ulong)row.Key.Ports << 20)
            ^ row.Key.Protocol
            ^ ((ulong)row.Point << 40);

    private int Find(Span<FlowRow> rows, int count, in FlowRow row, ulong fingerprint)
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
            if (rows[start].IsSameFlow(in row))
            {
                return start;
            }
            start++;
        }
    }
}
