namespace XTrace.Cli;

/// <summary>Of what the command line asks to show RDMA counters.</summary>
/// <param name="AllCounters">Every counter (mode nccl), not the ports' totals (mode rdma).</param>
/// <param name="Devices">Names and wildcards; none for the only device, else <c>mlx5_0</c>.</param>
/// <param name="Interfaces">Network interfaces whose devices are meant; none for all.</param>
/// <param name="UsualInterface">A network interface whose device is preferred where nothing else is said; empty for none.</param>
/// <param name="Interval">Time between two samples.</param>
/// <param name="Once">One sample only.</param>
/// <param name="Json">Counters as JSON, and nothing else beside them.</param>
internal sealed record RdmaRequest(
    bool AllCounters, IReadOnlyList<string> Devices, IReadOnlyList<string> Interfaces, string UsualInterface,
    TimeSpan Interval, bool Once, bool Json);
