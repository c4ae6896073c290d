using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>Which queue pairs are wanted; an empty list is for all.</summary>
internal sealed record QueuePairFilter
{
    /// <summary>Only of these numbers.</summary>
    internal IReadOnlyCollection<int> Numbers { get; init; } = [];

    /// <summary>Only of these processes.</summary>
    internal IReadOnlyCollection<int> ProcessIds { get; init; } = [];

    /// <summary>Only of processes, or of parts of the kernel, with these names.</summary>
    internal IReadOnlyCollection<NamePattern> Owners { get; init; } = [];

    /// <summary>Only of these types.</summary>
    internal IReadOnlyCollection<RdmaQueuePairType> Types { get; init; } = [];

    /// <summary>Only in these states.</summary>
    internal IReadOnlyCollection<RdmaQueuePairState> States { get; init; } = [];

    internal bool Wants(TrackedQueuePair pair) =>
        (Numbers.Count == 0 || Numbers.Contains(pair.Entry.Number))
        && (ProcessIds.Count == 0 || (pair.Owner.ProcessId is { } id && ProcessIds.Contains(id)))
        && (Owners.Count == 0 || ((pair.Entry.KernelUser ?? pair.Owner.Name) is { } name && Owners.Any(pattern => pattern.IsMatch(name))))
        && (Types.Count == 0 || (pair.Entry.Type is { } type && Types.Contains(type)))
        && (States.Count == 0 || (pair.Entry.State is { } state && States.Contains(state)));
}
