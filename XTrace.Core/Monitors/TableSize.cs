using System.Numerics;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>How large a monitor's maps are.</summary>
/// <param name="Cpus">Partitions: the CPUs that the kernel may ever have.</param>
/// <param name="Buckets">In each partition: a power of two.</param>
/// <param name="Points">Places for observation points: a power of two.</param>
/// <param name="HasDetails">Whether details of each flow are kept.</param>
internal readonly record struct TableSize(int Cpus, int Buckets, int Points, bool HasDetails)
{
    internal const int EndBytes = 1 << 20;

    private const long Kibi = 1024;
    private const int MinPoints = 64;

    /// <summary>
    /// Up to this many CPUs, each CPU has room for all flows, because traffic may come through one of them alone. With more CPUs,
    /// traffic comes through many: the table then takes as much memory as with this many.
    /// </summary>
    private const int FullCpus = 16;

    /// <summary>Slots of each CPU.</summary>
    internal int SlotsPerCpu => Buckets * FlowAbi.SlotsPerBucket;

    /// <summary>The memory of all maps, in bytes.</summary>
    internal long Bytes => FlowTable.SizeOf(Cpus, Buckets, HasDetails) + PointTable.SizeOf(Cpus, Points) + EndBytes;

    /// <summary>The size for this many flows and points, with room for points that may join later.</summary>
    /// <param name="maxFlow">Flows, as they were asked for.</param>
    /// <param name="points">Observation points to begin with.</param>
    /// <param name="interfaces">Interfaces of the namespace, which may join.</param>
    /// <param name="hasDetails">Whether details of each flow are kept.</param>
    internal static TableSize For(int maxFlow, int points, int interfaces, bool hasDetails)
    {
        int cpus = PossibleCpus.Count;
        long perCpu = Math.Max(FlowAbi.SlotsPerBucket, (long)maxFlow * Math.Min(cpus, FullCpus) / cpus);
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)perCpu);
        long places = Math.Clamp(Math.Max(points * 4L, interfaces * 2L), MinPoints, FlowAbi.PointPlacesMax);
        return new TableSize(cpus, slots / FlowAbi.SlotsPerBucket, (int)BitOperations.RoundUpToPowerOf2((uint)places), hasDetails);
    }

    /// <summary>Reports the memory before it is taken.</summary>
    /// <exception cref="XTraceException">There is not as much.</exception>
    internal void Require(int maxFlow, Action<Notice> report)
    {
        report(new Notice(NoticeLevel.Detail, FlowMessages.TableMemory, null, maxFlow, Bytes / Kibi, Cpus, SlotsPerCpu));
        long available = AvailableMemory.Bytes;
        if (Bytes > available)
        {
            throw new XTraceException(FlowMessages.NotEnoughMemory, maxFlow, maxFlow, Bytes / Kibi, available / Kibi);
        }
        if ((long)Cpus * SlotsPerCpu > int.MaxValue)
        {
            throw new BpfException(KernelOperation.MakeTable((long)Cpus * SlotsPerCpu), Errnos.E2BIG);
        }
    }
}
