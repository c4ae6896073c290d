using System.Runtime.InteropServices;
using System.Text;
using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>An observation point: one interface in one direction, as a monitor keeps it.</summary>
/// <param name="Id">Its id, which the monitor never gives again.</param>
/// <param name="InterfaceIndex">The interface's index when it was attached.</param>
/// <param name="Direction">Ingress or Egress.</param>
/// <param name="Hook">The hook it was attached to; None before it is.</param>
/// <param name="StartedNanoseconds">When it began to count, on CLOCK_BOOTTIME.</param>
/// <param name="Name">The interface's name when it was attached.</param>
/// <param name="QueueDrops">What its queueing discipline had dropped by then.</param>
/// <param name="IsPromiscuous">Whether the interface was made promiscuous for it.</param>
/// <param name="SuspendedMilliseconds">How long the machine had been suspended when the driver got the program, modulo 2^32.</param>
internal readonly record struct Point(
    uint Id, int InterfaceIndex, FlowDirection Direction, MonitorHook Hook, ulong StartedNanoseconds,
    string Name, ulong QueueDrops, bool IsPromiscuous, uint SuspendedMilliseconds);

/// <summary>
/// A monitor's observation points and their totals, in this process's memory. Only the holder of the PinLock or the monitor's
/// owner may change them.
/// </summary>
internal sealed unsafe class PointTable : IDisposable
{
    private readonly BpfMemory _points;
    private readonly BpfMemory _totals;
    private readonly int _places;
    private readonly int _cpus;

    internal PointTable(FlowMaps maps, int cpus, int places)
    {
        _places = places;
        _cpus = cpus;
        _points = new BpfMemory(maps.Points, (long)places * sizeof(ObservationPoint), isWritable: true);
        _totals = new BpfMemory(maps.Totals, (long)cpus * (places + 1) * sizeof(FlowTotals), isWritable: true);
    }

    /// <summary>Bytes of both maps.</summary>
    internal static long SizeOf(int cpus, int places) =>
        ((long)places * sizeof(ObservationPoint)) + ((long)cpus * (places + 1) * sizeof(FlowTotals));

    /// <summary>Frames of interfaces that are no point: one was moved to another network namespace, and got another index there.</summary>
    internal FlowTotals Strays => ReadTotalsAt(_places);

    /// <summary>Makes a point, with totals of zero; null where there is no room for it, or where one of this index is there.</summary>
    internal uint? Add(int interfaceIndex, FlowDirection direction, uint link, string name)
    {
        uint key = KeyOf(interfaceIndex, direction);
        int free = -1;
        for (int probe = FlowAbi.PointProbes - 1; probe >= 0; probe--)
        {
            int place = (int)((key + (uint)probe) & (uint)(_places - 1));
            if (At(place)->Key == key)
            {
                return null;
            }
            free = At(place)->Key == 0 ? place : free;
        }
        if (free < 0)
        {
            return null;
        }
        ObservationPoint* point = At(free);
        uint generation = (point->Id / FlowAbi.PointPlacesMax) + 1;
        uint id = (generation * FlowAbi.PointPlacesMax) + (uint)free;
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            TotalsAt(cpu, free) = new FlowTotals { Point = id, Link = link };
        }
        *point = new ObservationPoint { Id = id, Totals = (uint)(free * _cpus) };
        Encoding.UTF8.GetBytes(name, new Span<byte>(point->Name, FlowAbi.PointNameLength - 1));
        Volatile.Write(ref point->Key, key);
        return id;
    }

    /// <summary>Says that a point counts.</summary>
    internal void SetAttached(uint id, MonitorHook hook, in ClockCalibration now)
    {
        ObservationPoint* point = At(PlaceOf(id));
        (point->Hook, point->StartedNanoseconds) = ((uint)hook, now.BootNanoseconds);
        SetRenewed(id, in now);
    }

    /// <summary>Says that the driver has got a point's program.</summary>
    internal void SetRenewed(uint id, in ClockCalibration now) =>
        At(PlaceOf(id))->SuspendedMilliseconds = now.SuspendedMilliseconds;

    /// <summary>Says what the queueing discipline had dropped when a point was attached.</summary>
    internal void SetQueueDrops(uint id, ulong drops) => At(PlaceOf(id))->QueueDrops = drops;

    /// <summary>Says what frames begin with at the hook that is tried next: FlowAbi.Link*.</summary>
    internal void SetLink(uint id, uint link)
    {
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            TotalsAt(cpu, PlaceOf(id)).Link = link;
        }
    }

    /// <summary>Says that the interface was made promiscuous for a point.</summary>
    internal void SetPromiscuous(uint id) => At(PlaceOf(id))->Flags |= FlowAbi.PointPromiscuous;

    /// <summary>Forgets a point. Its flows are no one's from then on.</summary>
    internal void Remove(uint id)
    {
        if (IsPoint(id))
        {
            ObservationPoint* point = At(PlaceOf(id));
            *point = new ObservationPoint { Id = point->Id };
        }
    }

    /// <summary>Whether there is still such a point.</summary>
    internal bool IsPoint(uint id)
    {
        ObservationPoint* point = At(PlaceOf(id));
        return point->Id == id && point->Key != 0;
    }

    /// <summary>Whether the totals of a point are still its own: no other has taken its place, even if it has been removed.</summary>
    internal bool HasTotals(uint id) => At(PlaceOf(id))->Id == id;

    /// <summary>The point of an interface's direction, or null.</summary>
    internal Point? Find(int interfaceIndex, FlowDirection direction)
    {
        uint key = KeyOf(interfaceIndex, direction);
        for (uint probe = 0; probe < FlowAbi.PointProbes; probe++)
        {
            ObservationPoint* point = At((int)((key + probe) & (uint)(_places - 1)));
            if (point->Key == key)
            {
                return Describe(point);
            }
        }
        return null;
    }

    /// <summary>All points.</summary>
    internal IReadOnlyList<Point> List()
    {
        List<Point> points = [];
        for (int place = 0; place < _places; place++)
        {
            if (At(place)->Key != 0)
            {
                points.Add(Describe(At(place)));
            }
        }
        return points;
    }

    /// <summary>A point's totals over all CPUs.</summary>
    internal FlowTotals ReadTotals(uint id) => ReadTotalsAt(PlaceOf(id));

    public void Dispose()
    {
        _points?.Dispose();
        _totals?.Dispose();
    }

    private FlowTotals ReadTotalsAt(int place)
    {
        FlowTotals sum = default;
        for (int cpu = 0; cpu < _cpus; cpu++)
        {
            ref FlowTotals counted = ref TotalsAt(cpu, place);
            sum.Packets += Volatile.Read(ref counted.Packets);
            sum.Bytes += Volatile.Read(ref counted.Bytes);
            sum.FilteredPackets += Volatile.Read(ref counted.FilteredPackets);
            sum.FilteredBytes += Volatile.Read(ref counted.FilteredBytes);
            sum.MalformedPackets += Volatile.Read(ref counted.MalformedPackets);
            sum.MalformedBytes += Volatile.Read(ref counted.MalformedBytes);
            sum.EvictedPackets += Volatile.Read(ref counted.EvictedPackets);
            sum.EvictedBytes += Volatile.Read(ref counted.EvictedBytes);
            sum.ReportedPackets += Volatile.Read(ref counted.ReportedPackets);
            sum.ReportedBytes += Volatile.Read(ref counted.ReportedBytes);
        }
        return sum;
    }

    private ref FlowTotals TotalsAt(int cpu, int place) => ref ((FlowTotals*)_totals.Start)[((long)place * _cpus) + cpu];

    private ObservationPoint* At(int place) => (ObservationPoint*)_points.Start + place;

    private int PlaceOf(uint id) => (int)(id & (uint)(_places - 1));

    /// <summary>POINT_KEY in bpf/flow.h.</summary>
    private static uint KeyOf(int interfaceIndex, FlowDirection direction) =>
        ((uint)interfaceIndex << 1) | (direction == FlowDirection.Egress ? 1u : 0u);

    private static Point Describe(ObservationPoint* point) => new(
        point->Id,
        (int)(point->Key >> 1),
        (point->Key & 1) != 0 ? FlowDirection.Egress : FlowDirection.Ingress,
        (MonitorHook)point->Hook,
        point->StartedNanoseconds,
        Marshal.PtrToStringUTF8((nint)point->Name) ?? "",
        point->QueueDrops,
        (point->Flags & FlowAbi.PointPromiscuous) != 0,
        point->SuspendedMilliseconds);
}
