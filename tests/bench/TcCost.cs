using XTrace.Bpf;

namespace XTrace.Bench;

/// <summary>XTrace's two programs, packet for packet the same, in one table.</summary>
/// <param name="Slots">How many flows each CPU had room for.</param>
/// <param name="Flows">How many flows the packets belonged to.</param>
/// <param name="Xdp">Nanoseconds a packet in the XDP program, above an empty one.</param>
/// <param name="Tc">The same in the TC program, above an empty TC program.</param>
internal sealed record TcCostRow(int Slots, int Flows, Distribution Xdp, Distribution Tc)
{
    internal const double Target = 1.3;

    public double ToXdp => Tc.Median / Xdp.Median;

    public bool Met => ToXdp <= Target;
}

/// <summary>What the TC hook adds to a packet's cost: it parses and counts as XDP does, but asks the socket buffer more.</summary>
internal static class TcCost
{
    private const int TooFew = 16384; // flows make room

    internal static IEnumerable<TcCostRow> Measure(int rounds, int packets)
    {
        foreach (int slots in (int[])[KernelCost.RoomForAll, TooFew])
        {
            foreach (int flows in (int[])[1, 4096, 65536])
            {
                yield return Measure(slots, flows, rounds, packets);
            }
        }
    }

    private static TcCostRow Measure(int slots, int flows, int rounds, int packets)
    {
        using PinnedThread pin = new(Environment.ProcessorCount - 1); // most interrupts go to the first
        using Driver xdpDriver = new(flows);
        using Driver tcDriver = new(flows, ProgramKind.Tc);
        using BenchTable xtrace = new(slots);
        double[] xdp = new double[rounds];
        double[] tc = new double[rounds];
        for (int round = -1; round < rounds; round++) // the one before the first warms up
        {
            double xdpNet = -xdpDriver.Run(xdpDriver.Empty, packets) + xdpDriver.Run(xtrace.Xdp, packets);
            double tcNet = -tcDriver.Run(tcDriver.Empty, packets) + tcDriver.Run(xtrace.Tc, packets);
            if (round >= 0)
            {
                xdp[round] = xdpNet;
                tc[round] = tcNet;
            }
        }
        ulong sent = 2 * (ulong)packets * ((ulong)rounds + 1);
        ulong counted = xtrace.Totals.Packets;
        return counted == sent
            ? new TcCostRow(slots, flows, Distribution.From(xdp), Distribution.From(tc))
            : throw new InvalidOperationException($"{counted} packets of {sent} were counted.");
    }
}
