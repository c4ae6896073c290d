namespace XTrace.Processes;

/// <summary>Why a flow has no process.</summary>
internal enum OwnerGap
{
    /// <summary>It has one.</summary>
    None,
    /// <summary>It is neither TCP nor UDP, or a later fragment without ports.</summary>
    NoPorts,
    /// <summary>No socket has its addresses and ports.</summary>
    NoSocket,
    /// <summary>Sockets in several network namespaces have them.</summary>
    Ambiguous,
    /// <summary>A socket has them, and no process that this one can see holds it.</summary>
    NoProcess,
}

/// <summary>Whose a flow is.</summary>
/// <param name="row">The socket at its end on this machine.</param>
/// <param name="isEnded">Whether the socket is gone, so that the row is its last.</param>
/// <param name="gap">Why there is none.</param>
internal readonly struct FlowOwner(in SocketRow row, bool isEnded, OwnerGap gap)
{
    internal readonly SocketRow Row = row;

    internal bool IsEnded { get; } = isEnded;

    internal OwnerGap Gap { get; } = gap == OwnerGap.None && row.Owner.Pid == 0 ? OwnerGap.NoProcess : gap;

    internal bool IsKnown => Row.Owner.Pid != 0;
}
