using System.Diagnostics;
using System.Text.Json;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>One TCP stream of iperf3 over a pair: the client at its watched end, the server at the peer.</summary>
/// <param name="Gigabits">What arrived a second, in Gbit/s.</param>
/// <param name="Bytes">What arrived in all, payload alone.</param>
internal sealed record Iperf(double Gigabits, ulong Bytes)
{
    internal const int Seconds = 2;

    // RFC 5737: for documentation, routed nowhere.
    private const string ClientAddress = "192.0.2.1";
    private const string ServerAddress = "192.0.2.2";
    private const int ServerSeconds = 20; // it ends by itself, whatever becomes of the bench

    internal static void AddAddresses(BenchPair pair)
    {
        pair.RunInside("ip", "addr", "add", $"{ClientAddress}/30", "dev", pair.Interface);
        pair.RunAtPeer("ip", "addr", "add", $"{ServerAddress}/30", "dev", pair.PeerInterface);
    }

    /// <summary>Call on a thread in the watched end's namespace.</summary>
    /// <param name="pair">The pair.</param>
    /// <param name="reverse">The server sends.</param>
    internal static Iperf Run(BenchPair pair, bool reverse)
    {
        using Process server = StartServer(pair);
        try
        {
            string json = Command.Run(
                "iperf3", ["-c", ServerAddress, "-t", $"{Seconds}", "-J", .. reverse ? ["-R"] : Array.Empty<string>()]);
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement received = document.RootElement.GetProperty("end").GetProperty("sum_received");
            return new Iperf(received.GetProperty("bits_per_second").GetDouble() / 1e9, received.GetProperty("bytes").GetUInt64());
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            server.WaitForExit();
        }
    }

    private static Process StartServer(BenchPair pair)
    {
        Process server = Process.Start(new ProcessStartInfo(
            "nsenter",
            [$"--net=/run/netns/{pair.PeerNamespace}", "timeout", $"{ServerSeconds}", "iperf3", "-s", "--one-off", "--forceflush"])
        {
            RedirectStandardOutput = true,
        })!;
        while (server.StandardOutput.ReadLine() is { } line)
        {
            if (line.Contains("listening", StringComparison.Ordinal))
            {
                return server;
            }
        }
        server.Dispose();
        throw new InvalidOperationException("iperf3's server does not listen; it said why above.");
    }
}
