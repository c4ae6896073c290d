using System.Diagnostics;
using XTrace.Processes;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>What a sample with details reads beside the flows, in milliseconds.</summary>
/// <param name="Sockets">How many there are.</param>
/// <param name="Processes">How many processes hold them.</param>
/// <param name="Program">Through the BPF iterator.</param>
/// <param name="Diagnosis">Through sock_diag and /proc.</param>
/// <param name="Open">To load the BPF programs and read for the first time.</param>
internal sealed record SocketCostRow(int Sockets, int Processes, Distribution Program, Distribution Diagnosis, Distribution Open)
{
    public double Target => Sockets <= 10_000 ? 100 : 1000;

    public bool Met => Program.Median <= Target;
}

/// <summary>The time to read the sockets of a machine, and to find out which are gone.</summary>
internal static class SocketCost
{
    internal const int MaxRounds = 11;
    private const int PairSockets = 15_000; // what a process may have open, and ports that a client has for one server

    internal static IEnumerable<SocketCostRow> Measure(int rounds)
    {
        yield return Measure(10_000, Math.Min(rounds, MaxRounds));
        yield return Measure(100_000, Math.Min(rounds, MaxRounds));
    }

    private static SocketCostRow Measure(int sockets, int rounds)
    {
        using NetNamespace network = new($"xtbench-{Environment.ProcessId}");
        Command.Run("ip", "-n", network.Name, "link", "set", "lo", "up");
        List<Peer> peers = [];
        try
        {
            for (int rest = sockets / 2; rest > 0; rest -= PairSockets)
            {
                string port = $"{5000 + peers.Count}";
                peers.Add(Peer.In(network.Name, "listen", "127.0.0.1", port));
                peers.Add(Peer.In(network.Name, "connect", "127.0.0.1", port, $"{Math.Min(rest, PairSockets)}"));
            }
            double[] open = [.. Enumerable.Range(0, rounds).Select(_ => Time(() => new SocketProgram(recordEnds: true).Dispose()))];
            return new SocketCostRow(
                sockets,
                peers.Count,
                Time(new SocketProgram(recordEnds: true), sockets, rounds),
                Time(new SocketDiagnosis(), sockets, rounds),
                Distribution.From(open));
        }
        finally
        {
            peers.ForEach(peer => peer.Dispose());
        }
    }

    private static Distribution Time(SocketReader reader, int sockets, int rounds)
    {
        using FlowOwners owners = new(_ => { }, reader);
        owners.Take([]);
        double[] times = [.. Enumerable.Range(0, rounds).Select(_ => Time(() => owners.Take([])))];
        // Listening sockets, and those of the machine's own processes, come on top.
        return owners.Count >= sockets
            ? Distribution.From(times)
            : throw new InvalidOperationException($"{owners.Count} sockets were read, not {sockets}.");
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
