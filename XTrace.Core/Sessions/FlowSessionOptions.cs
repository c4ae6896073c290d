using XTrace.Monitors;

namespace XTrace;

/// <summary>The options of a session: its interfaces, and how it watches them.</summary>
public sealed record FlowSessionOptions
{
    /// <summary>
    /// Names of interfaces, and wildcards (<c>*</c>, <c>?</c>, <c>[a-c]</c>). An interface that appears later and matches one is
    /// watched from then on.
    /// </summary>
    public required IReadOnlyList<string> Interfaces { get; init; }

    /// <summary>Names and wildcards of interfaces that are not watched, whatever <see cref="Interfaces"/> says.</summary>
    public IReadOnlyList<string> Excluded { get; init; } = [];

    /// <summary>
    /// Whether named interfaces may come and go, like those that match a wildcard. Otherwise a name that is gone is an error.
    /// </summary>
    public bool FollowNames { get; init; }

    /// <summary>The directions. Null: on each interface those that a monitor counts already, otherwise ingress.</summary>
    public FlowDirection? Directions { get; init; }

    /// <summary>The flows that are wanted.</summary>
    public FlowFilter Filter { get; init; } = new();

    /// <summary>The hook, where the session attaches a program of its own.</summary>
    public AttachMode AttachMode { get; init; } = AttachMode.Auto;

    /// <summary>Flows that the session's own table has room for: 8 to 8,388,608.</summary>
    public int MaxFlow { get; init; } = MonitorOptions.DefaultMaxFlow;

    /// <summary>Time between two samples.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether flows that make room in a table are in the next sample, with the reason of their end. Only one session at a time gets
    /// them from a monitor. For other sessions they are only in the monitor's totals.
    /// </summary>
    public bool ReadEnds { get; init; } = true;

    /// <summary>Whether interfaces are made to take frames that are for others while the session watches them. Needs CAP_NET_RAW.</summary>
    public bool Promiscuous { get; init; }

    /// <summary>
    /// Whether processes, containers and the figures of TCP are read with each sample, and what monitors keep of flows beside their
    /// counts: TCP flags, DSCP, ECN, frame sizes. A monitor of the session's own then keeps it.
    /// </summary>
    public bool Detail { get; init; }

    /// <summary>The owners whose flows are wanted. A filter that is not empty reads details.</summary>
    public OwnerFilter Owner { get; init; } = new();

    /// <summary>Whether only monitors that run already are read, and nothing is attached.</summary>
    internal bool MonitorsOnly { get; init; }

    /// <summary>Whether details are wanted, for themselves or to filter by them.</summary>
    internal bool WantsDetails => Detail || !Owner.IsEmpty;

    /// <summary>Directions, interface by interface, that are wanted instead of <see cref="Directions"/>.</summary>
    internal IReadOnlyDictionary<string, FlowDirection?> DirectionsOf { get; init; } = new Dictionary<string, FlowDirection?>();
}
