namespace XTrace.Flows;

/// <summary>An observation point as a session reads it.</summary>
/// <param name="id">Its id in its monitor.</param>
/// <param name="interfaceName">The interface's name.</param>
/// <param name="interfaceIndex">The interface's index.</param>
/// <param name="direction">Ingress or Egress.</param>
/// <param name="hook">The hook it is on.</param>
/// <param name="isOwn">Whether the session attached it: it has just begun to count, and ends with the session.</param>
internal sealed class WatchedPoint(uint id, string interfaceName, int interfaceIndex, FlowDirection direction, MonitorHook hook, bool isOwn)
{
    internal uint Id { get; } = id;

    internal string InterfaceName { get; } = interfaceName;

    internal int InterfaceIndex { get; } = interfaceIndex;

    internal FlowDirection Direction { get; } = direction;

    internal MonitorHook Hook { get; } = hook;

    internal bool IsOwn { get; } = isOwn;

    /// <summary>When it began to count, on CLOCK_BOOTTIME.</summary>
    internal ulong StartedNanoseconds { get; init; }

    /// <summary>Time that the last sample's gains are of: since the sample before, in the first since the point began to count.</summary>
    internal double MeasuredSeconds { get; set; }

    /// <summary>Its totals in the last sample.</summary>
    internal FlowTotals Totals { get; set; }

    /// <summary>Packets that the interface's queueing discipline had dropped by the last sample; null before the first.</summary>
    internal ulong? QueueDrops { get; set; }

    /// <summary>How many programs of others ran before it in the last sample.</summary>
    internal int ProgramsBefore { get; set; }

    /// <summary>How many of them were told.</summary>
    internal int ReportedBefore { get; set; }

    /// <summary>Frames whose flows are in no sample, as was said already.</summary>
    internal ulong ReportedLoss { get; set; }

    /// <summary>Whether it has ended, so that the last sample was its last one.</summary>
    internal bool IsOver { get; set; }
}
