namespace XTrace.Bench;

/// <summary>The machine that was measured on.</summary>
internal sealed record BenchMachine(DateTimeOffset Date, string Kernel, string CpuModel, int Cpus)
{
    internal static BenchMachine Current => new(
        DateTimeOffset.Now,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[1].Trim() ?? "unknown",
        Environment.ProcessorCount);
}

/// <summary>All that was measured; what BENCH.json holds.</summary>
internal sealed record Results(
    BenchMachine Machine,
    int Rounds,
    int PacketsPerRound,
    IReadOnlyList<KernelCostRow> KernelCost,
    IReadOnlyList<TcCostRow> TcCost,
    IReadOnlyList<DetailCostRow> DetailCost,
    IReadOnlyList<ThroughputRow> Throughput,
    IReadOnlyList<SnapshotCostRow> SnapshotCost,
    RdmaCostResult? RdmaCost,
    QueuePairCostResult? QueuePairCost,
    IReadOnlyList<SocketCostRow> SocketCost,
    CmdletCostResult? CmdletCost,
    IReadOnlyList<ManyCostRow> ManyCost,
    ExportCostResult? ExportCost)
{
    public bool AllMet =>
        KernelCost.All(row => row.Met) && TcCost.All(row => row.Met) && Throughput.All(row => row.Met)
        && SnapshotCost.All(row => row.Met) && RdmaCost?.Met != false && QueuePairCost?.Met != false && CmdletCost?.Met != false
        && SocketCost.All(row => row.Met) && ManyCost.All(row => row.Met) && ExportCost?.Met != false;
}
