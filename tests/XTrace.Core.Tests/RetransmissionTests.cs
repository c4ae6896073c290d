using System.Diagnostics;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// nftables drops every fiftieth packet at the receiver. The packets that are sent again are compared with those that tshark captures
/// at the sender.
/// </summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class RetransmissionTests : IDisposable
{
    private const int Bytes = 5_000_000;
    private const int Packets = Bytes / 1448;
    private const string Rules = """
        table inet loss {
            chain arrival {
                type filter hook input priority 0;
                meta length > 1000 numgen inc mod 50 0 drop
            }
        }
        """;

    private readonly VethPair _pair = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("xtrace-loss").FullName;

    [Fact]
    public void Retransmissions_are_those_in_a_capture()
    {
        _pair.AddAddresses();
        // Frames as they are on the wire, so that one captured is one counted.
        _pair.Run(() => Command.Run("ethtool", "-K", _pair.Interface, "tso", "off", "gso", "off"));
        string rules = Path.Combine(_folder, "rules");
        File.WriteAllText(rules, Rules);
        using Peer server = Peer.In(_pair.PeerNamespace, "listen", VethPair.PeerAddress, "5000");
        _pair.RunAtPeer(() => Command.Run("nft", "-f", rules));
        using FlowSession session = new(
            new FlowSessionOptions { Interfaces = [_pair.Interface], Directions = FlowDirection.Egress, Detail = true }, _ => { });
        _pair.Run(() => session.Open());
        string capture = Path.Combine(_folder, "capture");
        FlowStat flow;
        using (Capture(capture))
        {
            using Peer client = Peer.In(_pair.Namespace!, "connect", VethPair.PeerAddress, "5000", "1", $"{Bytes}");
            FlowStat Sent() => _pair.Run(session.Sample).Flows().Single(flow => flow.TrafficType == TrafficType.TCP);
            // Everything has arrived once nothing more is sent.
            ulong before = 0;
            do
            {
                flow = Sent();
                (before, bool isOver) = (flow.Packets, flow.Packets == before);
                if (isOver)
                {
                    break;
                }
                Thread.Sleep(1000);
            }
            while (true);
            Assert.Equal(client.Id, flow.ProcessId);
        }
        // No path of a sender's own interface reorders, so what tshark takes for that was sent again as well.
        const string SentAgain = "tcp.srcport != 5000 && (tcp.analysis.retransmission || tcp.analysis.out_of_order)";
        string again = Command.Run("tshark", "-r", capture, "-Y", SentAgain, "-T", "fields", "-e", "frame.number");
        int captured = again.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        // Every fiftieth packet is lost. A busy machine also sends some again that only came late.
        Assert.InRange(captured, Packets / 50, Packets / 2);
        Assert.Equal((uint)captured, flow.RetransmittedPackets);
        Assert.Equal(0u, flow.LostPackets);
    }

    public void Dispose()
    {
        _pair.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Captures until it is disposed. tshark says when it has begun, and writes what it has when it is asked to end.</summary>
    private Finally Capture(string path)
    {
        ProcessStartInfo start = new("tshark", ["-i", _pair.Interface, "-B", "64", "-s", "100", "-w", path])
        {
            RedirectStandardError = true,
        };
        Process process = _pair.Run(() => Process.Start(start)!);
        while (process.StandardError.ReadLine() is { } line && !line.Contains("Capture started", StringComparison.Ordinal))
        {
        }
        return new Finally(() =>
        {
            Command.Run("kill", "-INT", $"{process.Id}");
            process.WaitForExit();
            process.Dispose();
        });
    }

    private sealed class Finally(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
