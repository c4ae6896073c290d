using System.Runtime.InteropServices;

namespace XTrace.Flows;

// The mirror of bpf/flow.h, name by name and offset by offset; that header says what each field means.

/// <summary>struct flow_key.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowKey : IEquatable<FlowKey>
{
    internal ulong Source0;
    internal ulong Source1;
    internal ulong Destination0;
    internal ulong Destination1;
    internal uint Ports;
    internal byte Protocol;
    internal byte Kind;
    internal ushort Vlan;

    public readonly bool Equals(FlowKey other) =>
        Source1 == other.Source1 && Destination1 == other.Destination1 && Ports == other.Ports
        && Source0 == other.Source0 && Destination0 == other.Destination0
        && Protocol == other.Protocol && Kind == other.Kind && Vlan == other.Vlan;

    public override readonly bool Equals(object? obj) => obj is FlowKey key && Equals(key);

    public override readonly int GetHashCode() =>
        HashCode.Combine(Source0, Source1, Destination0, Destination1, Ports, Protocol, Kind, Vlan);
}

/// <summary>struct flow: a slot of the table.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Flow
{
    internal FlowKey Key;
    internal uint Point;
    internal uint LastSeen;
    internal ulong Packets;
    internal ulong Bytes;
}

/// <summary>struct flow_details.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowDetails
{
    internal uint FirstSeen;
    internal byte TcpFlags;
    internal byte TrafficClass;
    internal ushort Unused;
    internal ulong CePackets;
    internal uint SmallestFrame;
    internal uint LargestFrame;

    /// <summary>Adds what another CPU, or an earlier life in the table, has of the same flow.</summary>
    /// <param name="other">What it has.</param>
    /// <param name="isLater">Whether the other's last frame came after this one's.</param>
    internal void Add(in FlowDetails other, bool isLater)
    {
        TcpFlags |= other.TcpFlags;
        TrafficClass = isLater ? other.TrafficClass : TrafficClass;
        CePackets += other.CePackets;
        // 0 is none: one less is then the largest number.
        SmallestFrame = unchecked(other.SmallestFrame - 1 < SmallestFrame - 1) ? other.SmallestFrame : SmallestFrame;
        LargestFrame = Math.Max(LargestFrame, other.LargestFrame);
    }
}

/// <summary>struct flow_end.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlowEnd
{
    internal Flow Flow;
    internal FlowDetails Details;
}

/// <summary>struct flow_bucket.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FlowBucket
{
    internal fixed uint Entry[FlowAbi.Ways];
}

/// <summary>struct observation_point.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ObservationPoint
{
    internal uint Key;
    internal uint Id;
    internal uint Totals;
    internal uint Hook;
    internal ulong StartedNanoseconds;
    internal fixed byte Name[FlowAbi.PointNameLength];
    internal ulong QueueDrops;
    internal uint Flags;
    internal uint SuspendedMilliseconds;
    internal fixed uint Unused[2];
}

/// <summary>struct flow_totals.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FlowTotals
{
    internal ulong Packets;
    internal ulong Bytes;
    internal ulong FilteredPackets;
    internal ulong FilteredBytes;
    internal ulong MalformedPackets;
    internal ulong MalformedBytes;
    internal ulong EvictedPackets;
    internal ulong EvictedBytes;
    internal ulong ReportedPackets;
    internal ulong ReportedBytes;
    internal FlowKey Key;
    internal uint Point;
    internal uint Link;

    internal readonly FrameCount All => new(Packets, Bytes);

    /// <summary>In no flow: filtered or malformed.</summary>
    internal readonly FrameCount Ignored => new(FilteredPackets + MalformedPackets, FilteredBytes + MalformedBytes);

    internal readonly FrameCount Evicted => new(EvictedPackets, EvictedBytes);

    internal readonly FrameCount Reported => new(ReportedPackets, ReportedBytes);
}

/// <summary>struct cpu_state.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpuState
{
    internal uint Used;
    internal uint Hand;
    internal uint Forget;
    internal uint Padding;
    internal FlowDetails Seen;
    internal fixed uint Unused[22];
}

/// <summary>struct monitor_control.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MonitorControl
{
    internal uint ReadUntil;
    internal uint IsRead;
}

/// <summary>struct filter_network.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FilterNetwork
{
    internal ulong Address0;
    internal ulong Address1;
    internal ulong Mask0;
    internal ulong Mask1;
    internal ulong Kind;
}

/// <summary>struct flow_filter.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KernelFilter
{
    internal fixed ulong Protocols[4];
    internal fixed ulong NetworkWords[FlowAbi.FilterNetworks * 5];
    internal fixed ushort Port[FlowAbi.FilterPorts];
    internal uint TrafficTypes;
    internal byte NetworkCount;
    internal byte PortCount;
    internal byte ExcludeDns;
    internal byte IsSet;

    /// <summary>The networks, those that are not set as well.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    internal Span<FilterNetwork> Networks =>
        MemoryMarshal.Cast<ulong, FilterNetwork>(MemoryMarshal.CreateSpan(ref NetworkWords[0], FlowAbi.FilterNetworks * 5));
}

/// <summary>struct program_config.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ProgramConfig
{
    internal fixed ulong HashSeed[FlowAbi.HashSeeds];
    internal uint Buckets;
    internal uint Points;
    internal uint Strays;
    internal uint Owner;
    internal ulong OwnerStarted;
    internal ulong OwnerNamespace;
    internal KernelFilter Filter;
}

/// <summary>struct monitor_meta.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MonitorMeta
{
    internal uint AbiVersion;
    internal uint Cpus;
    internal uint Buckets;
    internal uint Points;
    internal uint MaxFlow;
    internal uint TickNanoseconds;
    internal uint EndBytes;
    internal uint Features;
    internal ulong StartedNanoseconds;
    internal KernelFilter Filter;
}

/// <summary>struct clock_reading.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ClockReading
{
    internal ulong Jiffies;
    internal ulong BootNanoseconds;
    internal ulong MonotonicNanoseconds;
}

/// <summary>The constants of bpf/flow.h.</summary>
internal static class FlowAbi
{
    internal const uint Version = 3;
    internal const int Ways = 16;
    internal const int SlotsPerBucket = Ways / 2;
    internal const uint EntrySlot = 0x00ffffff;
    internal const int HashSeeds = 11;
    internal const int DetailsBaseSize = 8;
    internal const uint FeatureDetails = 0x1;

    internal const int PointPlacesMax = 0x10000;
    internal const int PointProbes = 8;
    internal const int PointNameLength = 16;
    internal const uint PointPromiscuous = 0x1;

    internal const byte AddressMask = 0x0f;
    internal const byte Ethernet = 0x01;
    internal const byte IPv4 = 0x02;
    internal const byte IPv6 = 0x03;

    internal const byte PortsMask = 0xf0;
    internal const byte NoPorts = 0x00;
    internal const byte Ports = 0x10;
    internal const byte Icmp = 0x20;
    internal const byte Fragment = 0x30;
    internal const byte RoceV1 = 0x40;
    internal const byte RoceV2 = 0x50;
    internal const byte Ethertype = 0x60;

    internal const ushort VlanId = 0x0fff;
    internal const ushort VlanPresent = 0x1000;

    internal const int FilterNetworks = 8;
    internal const int FilterPorts = 16;

    internal const uint LinkEthernet = 0;
    internal const uint LinkIp = 1;
    internal const uint LinkIpoib = 2;
    internal const uint LinkGeneric = 3;
}
