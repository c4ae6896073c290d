using System.Globalization;
using System.Runtime.CompilerServices;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>A capture of RoCE v2 through the program, compared with what tshark finds in it.</summary>
[Trait("Category", "Privileged")]
public sealed class RoceReplayTests
{
    [Fact]
    public void Queue_pairs_and_opcodes_are_those_that_tshark_finds()
    {
        string capture = Path.Combine(Path.GetTempPath(), $"xtrace-roce-{Environment.ProcessId}.pcap");
        try
        {
            Command.Run("sh", "-c", $"xz -dc '{Fixture()}' > '{capture}'");
            Dictionary<string, (ulong, ulong)> expected = Tshark(capture);
            Assert.True(expected.Count > 1);

            using TestTable table = new();
            foreach (byte[] frame in Pcap.Read(File.ReadAllBytes(capture)))
            {
                table.Run(frame);
            }
            Dictionary<string, (ulong, ulong)> found = table.Flows()
                .Where(flow => flow.TrafficType == TrafficType.RoCEv2)
                .ToDictionary(
                    flow => Name(flow.SourceAddress, flow.DestinationAddress, flow.DestinationQueuePair!.Value, (byte)flow.Opcode!.Value),
                    flow => (flow.Packets, flow.Bytes));
            Assert.Equal(
                expected.OrderBy(flow => flow.Key, StringComparer.Ordinal), found.OrderBy(flow => flow.Key, StringComparer.Ordinal));
        }
        finally
        {
            File.Delete(capture);
        }
    }

    private static Dictionary<string, (ulong Packets, ulong Bytes)> Tshark(string capture)
    {
        Dictionary<string, (ulong Packets, ulong Bytes)> flows = [];
        string text = Command.Run(
            "tshark", "-r", capture, "-Y", "infiniband.bth", "-T", "fields", "-e", "ip.src", "-e", "ip.dst",
            "-e", "infiniband.bth.destqp", "-e", "infiniband.bth.opcode", "-e", "frame.len");
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split('\t');
            string name = Name(fields[0], fields[1], Number(fields[2]), (byte)Number(fields[3]));
            (ulong packets, ulong bytes) = flows.GetValueOrDefault(name);
            flows[name] = (packets + 1, bytes + Number(fields[4]));
        }
        return flows;
    }

    private static uint Number(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal)
            ? uint.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : uint.Parse(text, CultureInfo.InvariantCulture);

    private static string Name(string source, string destination, uint queuePair, byte opcode) =>
        $"{source} {destination} {queuePair} {opcode}";

    private static string Fixture([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Fixtures/rocev2.pcap.xz");
}
