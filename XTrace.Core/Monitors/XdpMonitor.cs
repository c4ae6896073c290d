namespace XTrace;

/// <summary>
/// One direction of an interface that is monitored in the kernel, as it was when asked. Several can share one flow table.
/// Counts are frames and L2 bytes since StartTime, over all CPUs.
/// </summary>
public sealed class XdpMonitor
{
    /// <summary>The interface's name.</summary>
    public string InterfaceAlias { get; init; } = "";

    /// <summary>The way of the frames that it counts: Ingress or Egress.</summary>
    public FlowDirection Direction { get; init; }

    /// <summary>The interface's index; 0 when the monitor is not attached in this network namespace any more.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>The state of the monitor.</summary>
    public MonitorState State { get; init; }

    /// <summary>The hook it is attached to.</summary>
    public MonitorHook Hook { get; init; }

    /// <summary>When it began to count, local time; null where it cannot be told.</summary>
    public DateTime? StartTime { get; init; }

    /// <summary>The flows that it keeps; null: all.</summary>
    public FlowFilter? Filter { get; init; }

    /// <summary>Whether it keeps TCP flags, DSCP, ECN and frame sizes of each flow.</summary>
    public bool Detail { get; init; }

    /// <summary>Every frame that the hook saw: those of all flows, evicted, filtered and malformed ones.</summary>
    public ulong Packets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong Bytes { get; init; }

    /// <summary>Frames of flows that made room for newer ones, those that were reported to a reader included.</summary>
    public ulong EvictedPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong EvictedBytes { get; init; }

    /// <summary>Frames of flows that made room and were reported to a reader of the monitor.</summary>
    public ulong ReportedPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong ReportedBytes { get; init; }

    /// <summary>Frames that the monitor's filter left out.</summary>
    public ulong FilteredPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong FilteredBytes { get; init; }

    /// <summary>Frames that are shorter than the headers they announce.</summary>
    public ulong MalformedPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public ulong MalformedBytes { get; init; }

    /// <summary>
    /// Egress: packets that the interface's queueing discipline dropped since StartTime. They are counted, because the hook
    /// runs before the queue. Null for Ingress, and without a queueing discipline.
    /// </summary>
    public ulong? QueueDrops { get; init; }

    /// <summary>How many programs of others run before this one. Frames that they drop, redirect or accept are not counted.</summary>
    public int ProgramsBefore { get; init; }

    /// <summary>Slots that its flows use, over all CPUs; a flow that two CPUs saw has two.</summary>
    public long UsedSlots { get; init; }

    /// <summary>Slots of the flow table that are in use, by all interfaces that share it and over all CPUs.</summary>
    public long TableUsedSlots { get; init; }

    /// <summary>Slots of the flow table, over all CPUs.</summary>
    public long TableSlots { get; init; }

    /// <summary>Flows that the monitor was asked to have room for.</summary>
    public int MaxFlow { get; init; }

    /// <summary>The memory of the flow table and of all that belongs to it, in bytes.</summary>
    public long TableSize { get; init; }

    /// <summary>The program's id, as bpftool shows it.</summary>
    public uint ProgramId { get; init; }

    /// <summary>The link's id, as bpftool shows it; 0 where a clsact filter is, which has none.</summary>
    public uint LinkId { get; init; }

    /// <summary>The path of the pin. Monitors in the same folder share a flow table.</summary>
    public string Path { get; init; } = "";

    /// <summary>The interface's name.</summary>
    public override string ToString() => InterfaceAlias;
}
