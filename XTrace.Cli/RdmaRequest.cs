namespace XTrace.Cli;

/// <summary>The command line of modes rdma and nccl.</summary>
/// <param name="AllCounters">Every counter (mode nccl), not the ports' totals (mode rdma).</param>
/// <param name="Devices">As <c>-d</c> or <c>NCCL_IB_HCA</c> names them; null for all.</param>
/// <param name="Interfaces">Network interfaces whose devices are meant; none for all.</param>
/// <param name="Interval">Time between two samples.</param>
/// <param name="Once">One sample only.</param>
/// <param name="Changed">Only what moved since the sample before.</param>
/// <param name="Json">Counters and queue pairs as JSON, and nothing else beside them.</param>
/// <param name="Verbose">Say also what only the curious want to know.</param>
internal sealed record RdmaRequest(
    bool AllCounters, DeviceList? Devices, IReadOnlyList<string> Interfaces, TimeSpan Interval, bool Once, bool Changed, bool Json,
    bool Verbose);
