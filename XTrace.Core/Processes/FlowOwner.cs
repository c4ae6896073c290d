namespace XTrace.Processes;

/// <summary>Why a flow has no process.</summary>
internal enum OwnerGap
{
    /// <summary>It has one.</summary>
    None,
    /// <summary>It is neither TCP nor UDP nor RoCE, or a later fragment without ports.</summary>
    NoPorts,
    /// <summary>No socket has its addresses and ports.</summary>
    NoSocket,
    /// <summary>Sockets in several network namespaces have them, or queue pairs of several processes.</summary>
    Ambiguous,
    /// <summary>A socket has them, and no process that this one can see holds it.</summary>
    NoProcess,
    /// <summary>It is RoCE, and no queue pair is known to be its end.</summary>
    NoQueuePair,
    /// <summary>It ends at a queue pair of the kernel, or of a process that this one cannot see.</summary>
    QueuePairWithoutProcess,
}

/// <summary>The owner of a flow.</summary>
/// <param name="row">The socket at its end on this machine; of a queue pair, which has none, the owner alone.</param>
/// <param name="isEnded">Whether the socket or the queue pair is gone, so that the row is its last.</param>
/// <param name="gap">Why there is none.</param>
internal readonly struct FlowOwner(in SocketRow row, bool isEnded, OwnerGap gap)
{
    internal readonly SocketRow Row = row;

    internal bool IsEnded { get; } = isEnded;

    internal OwnerGap Gap { get; } = gap == OwnerGap.None && row.Owner.Pid == 0 ? OwnerGap.NoProcess : gap;

    internal bool IsKnown => Row.Owner.Pid != 0;
}
