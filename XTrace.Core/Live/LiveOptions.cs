using XTrace.Rdma;

namespace XTrace.Live;

/// <summary>The contents of the live view when it begins.</summary>
internal sealed record LiveOptions
{
    /// <summary>Which flows; null for RDMA alone.</summary>
    internal FlowSessionOptions? Flows { get; init; }

    /// <summary>Which RDMA ports.</summary>
    internal CounterSelection Rdma { get; init; } = new();

    /// <summary>Time between two samples.</summary>
    internal TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);
}
