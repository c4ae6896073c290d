using System.Text.Json;

namespace XTrace.Exporter.Tests;

/// <summary>collector.py: python3-ipfix, over UDP, TCP or TLS.</summary>
internal sealed class IpfixCollector : Child
{
    internal IpfixCollector(VethPair pair, string transport, int port, params string[] more)
        : base(pair, "/usr/bin/python3", [Repository.PathOf("tests/XTrace.Exporter.Tests/collector.py"), transport, $"{port}", .. more]) =>
        WaitFor("\"listens\"");

    /// <summary>The records of flows.</summary>
    internal IEnumerable<JsonElement> Flows => Records.Where(record => record.TryGetProperty("packetDeltaCount", out _));

    /// <summary>The last totals of an interface, of which there is one.</summary>
    internal JsonElement Interface => Records.Last(record => record.TryGetProperty("packetTotalCount", out _));

    /// <summary>What was not sent, as it was told last.</summary>
    internal JsonElement Process => Records.Last(record => record.TryGetProperty("notSentPacketTotalCount", out _));

    /// <summary>The sums of all flows: of each record, or as the collector added them up.</summary>
    internal Sum Sum => Lines.LastOrDefault(line => line.Contains("\"sum\"", StringComparison.Ordinal)) is { } sum
        ? SumOf(JsonDocument.Parse(sum).RootElement.GetProperty("sum"))
        : Flows.Aggregate(default(Sum), (sum, flow) =>
            sum + new Sum(1, Sum.Get(flow, "packetDeltaCount"), Sum.Get(flow, "layer2OctetDeltaCount")));

    /// <summary>That no message was lost, repeated or out of order, as its sequence number shows.</summary>
    internal void AssertSequence() => Assert.DoesNotContain(Lines, line => line.Contains("\"expected\"", StringComparison.Ordinal));

    /// <summary>Has it add up what it has, and end.</summary>
    internal void Finish()
    {
        CloseInput();
        Assert.True(End() == 0, string.Join('\n', Lines.TakeLast(20)));
    }

    private IEnumerable<JsonElement> Records => Lines
        .Where(line => line.StartsWith('{'))
        .Select(line => JsonDocument.Parse(line).RootElement);

    private static Sum SumOf(JsonElement sum) => new(sum[0].GetInt64(), sum[1].GetInt64(), sum[2].GetInt64());
}
