using XTrace.Bpf;

namespace XTrace.Bench;

/// <summary>What -Detail adds to a packet. Nanoseconds above an empty program; both tables had the same packets.</summary>
/// <param name="Program">XDP or TC.</param>
/// <param name="Flows">How many flows the packets belonged to.</param>
/// <param name="Plain">A monitor that keeps no details.</param>
/// <param name="Detailed">One that does.</param>
internal sealed record DetailCostRow(string Program, int Flows, Distribution Plain, Distribution Detailed)
{
    public double Added => Detailed.Median - Plain.Median;
}

/// <summary>The programs with details against those without, packet for packet the same, in turns.</summary>
internal static class DetailCost
{
    internal static IEnumerable<DetailCostRow> Measure(int rounds, int packets)
    {
        foreach (ProgramKind kind in (ProgramKind[])[ProgramKind.Xdp, ProgramKind.Tc])
        {
            foreach (int flows in KernelCostRow.Bounds.Keys)
            {
                yield return Measure(kind, flows, rounds, packets);
            }
        }
    }

    private static DetailCostRow Measure(ProgramKind kind, int flows, int rounds, int packets)
    {
        using PinnedThread pin = new(Environment.ProcessorCount - 1); // most interrupts go to the first
        using Driver driver = new(flows, kind);
        using BenchTable plain = new(KernelCost.RoomForAll);
        using BenchTable detailed = new(KernelCost.RoomForAll, detail: true);
        double[][] net = [new double[rounds], new double[rounds]];
        for (int round = -1; round < rounds; round++) // the one before the first warms up
        {
            double empty = driver.Run(driver.Empty, packets);
            double[] both = [driver.Run(ProgramOf(plain), packets) - empty, driver.Run(ProgramOf(detailed), packets) - empty];
            for (int i = 0; round >= 0 && i < both.Length; i++)
            {
                net[i][round] = both[i];
            }
        }
        return new DetailCostRow(kind.ToString(), flows, Distribution.From(net[0]), Distribution.From(net[1]));

        BpfHandle ProgramOf(BenchTable table) => kind == ProgramKind.Xdp ? table.Xdp : table.Tc;
    }
}
