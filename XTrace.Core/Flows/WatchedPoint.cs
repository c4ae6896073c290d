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

    /// <summary>Whether its monitor keeps details of each flow.</summary>
    internal bool HasDetails { get; init; }

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

    /// <summary>Frames, up to the last sample, that are in no sample of this session although the monitor keeps their flows.</summary>
    internal FrameCount Missed { get; set; }

    /// <summary>How many of them were told.</summary>
    internal ulong ReportedMissed { get; set; }

    /// <summary>Frames of flows that the monitor keeps and the session's filter left out of its samples.</summary>
    internal FrameCount LeftOut { get; set; }

    /// <summary>Frames that the monitor had counted before the session did, and those of them in no flow.</summary>
    internal (FrameCount All, FrameCount Ignored) Before { get; set; }

    /// <summary>
    /// Frames that the interface counted since the session began to, up to the last sample. At rest they are the gains of all
    /// samples, and <see cref="Ignored"/>, and <see cref="Missed"/>.
    /// </summary>
    internal FrameCount Seen => Totals.All - Before.All;

    /// <summary>Frames that are in no flow of a sample because nobody wants them, or because they are malformed.</summary>
    internal FrameCount Ignored => Totals.Ignored - Before.Ignored + LeftOut;

    /// <summary>The place of its first row in the last sample, and the one behind its last.</summary>
    internal int FirstRow { get; set; }

    internal int EndRow { get; set; }

    /// <summary>Whether it counts no more.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>The packets of reported flows when it was found to have ended; null once that was in an earlier sample.</summary>
    internal ulong? ReportedAtEnd { get; set; }

    /// <summary>Whether it has ended, and the last sample was its last one.</summary>
    internal bool IsOver { get; set; }
}
