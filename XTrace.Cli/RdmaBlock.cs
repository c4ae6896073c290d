using System.Globalization;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>The block of a port in mode rdma: that of the original tool, with the counts of the hardware.</summary>
internal static class RdmaBlock
{
    private const string Nothing = "-";

    internal static void Write(CounterPlace place, TimeSpan running, IEnumerable<RdmaQueuePair> connections, TextWriter output)
    {
        (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = place.PortFolder!.Value.ReadState();
        (string width, string speed) = Split(rate);
        PortTotals totals = new(place);
        Total sent = totals[PortTotal.SentBytes], received = totals[PortTotal.ReceivedBytes];
        Total sentPackets = totals[PortTotal.SentPackets], receivedPackets = totals[PortTotal.ReceivedPackets];

        output.WriteLine(RdmaLabels.RdmaTitle);
        output.WriteLine(RdmaLabels.Device($"{place}"));
        output.WriteLine(RdmaLabels.Interface(place.Interfaces));
        output.WriteLine(RdmaLabels.Running(running));
        output.WriteLine();
        output.WriteLine(RdmaLabels.State);
        output.WriteLine(RdmaLabels.PortState($"{state}", $"{physicalState}"));
        output.WriteLine(RdmaLabels.ActiveWidth(width));
        output.WriteLine(RdmaLabels.ActiveSpeed(speed));
        output.WriteLine();
        output.WriteLine(RdmaLabels.Sent);
        WriteTotals(totals, PortTotal.SentBytes, PortTotal.SentPackets, PortTotal.SentErrors, output);
        output.WriteLine(RdmaLabels.Received);
        WriteTotals(totals, PortTotal.ReceivedBytes, PortTotal.ReceivedPackets, PortTotal.ReceivedErrors, output);
        output.WriteLine(RdmaLabels.Increments);
        output.WriteLine(RdmaLabels.SentIncrement(Text(sent.Delta), Text(sentPackets.Delta)));
        output.WriteLine(RdmaLabels.ReceivedIncrement(Text(received.Delta), Text(receivedPackets.Delta)));
        output.WriteLine(RdmaLabels.Bandwidth(Rate(sent.RatePerSecond), Rate(received.RatePerSecond)));
        WriteConnections(connections, output);
        output.WriteLine("---");
    }

    private static void WriteConnections(IEnumerable<RdmaQueuePair> connections, TextWriter output)
    {
        if (connections.Any())
        {
            output.WriteLine();
            output.WriteLine(RdmaLabels.Connections);
            foreach (RdmaQueuePair connection in connections)
            {
                output.WriteLine($"  {ConnectionLine.Format(connection)}");
            }
        }
    }

    private static void WriteTotals(PortTotals totals, PortTotal bytes, PortTotal packets, PortTotal errors, TextWriter output)
    {
        output.WriteLine(RdmaLabels.Bytes(Text(totals, bytes)));
        output.WriteLine(RdmaLabels.Packets(Text(totals, packets)));
        output.WriteLine(RdmaLabels.Errors(Text(totals, errors)));
        output.WriteLine();
    }

    /// <summary>Width and speed of <c>100 Gb/sec (4X EDR)</c>: 4X, 100 Gb/sec EDR.</summary>
    private static (string Width, string Speed) Split(string? rate) =>
        rate?.Split(" (") is [var speed, var rest] && rest.TrimEnd(')').Split(' ') is [var width, .. var generation]
            ? (width, string.Join(' ', [speed, .. generation]))
            : (Nothing, rate ?? Nothing);

    private static string Text(PortTotals totals, PortTotal which) => totals[which] switch
    {
        { IsSaturated: true, Value: var value } => $"{Text(value)} {RdmaLabels.Saturated}",
        { Value: null } when totals.IsKnownNotToCount(which) => $"{Nothing} {RdmaLabels.NotCounted}",
        { Value: var value } => Text(value),
    };

    private static string Text(ulong? number) => number?.ToString(CultureInfo.InvariantCulture) ?? Nothing;

    private static string Rate(double? bytesPerSecond) => bytesPerSecond is { } rate ? Quantity.BitRate(rate) : Nothing;
}
