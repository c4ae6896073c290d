using System.Globalization;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>What mode rdma prints of a port: the original tool's block, with what the hardware counted.</summary>
internal static class RdmaBlock
{
    private const string Nothing = "-";

    internal static void Write(RdmaBlockSource block, TimeSpan running, TextWriter output)
    {
        (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = block.Port!.Value.ReadState();
        (string width, string speed) = Split(rate);
        PortTotals totals = new(block.Files);
        Total sent = totals[PortTotal.SentBytes], received = totals[PortTotal.ReceivedBytes];
        Total sentPackets = totals[PortTotal.SentPackets], receivedPackets = totals[PortTotal.ReceivedPackets];

        output.WriteLine(RdmaMessages.RdmaTitle);
        output.WriteLine(RdmaMessages.Device(block.Name));
        output.WriteLine(RdmaMessages.Interface(block.Interfaces.Count == 0 ? Nothing : string.Join(", ", block.Interfaces)));
        output.WriteLine(RdmaMessages.Running(running));
        output.WriteLine();
        output.WriteLine(RdmaMessages.State);
        output.WriteLine(RdmaMessages.PortState($"{state}", $"{physicalState}"));
        output.WriteLine(RdmaMessages.ActiveWidth(width));
        output.WriteLine(RdmaMessages.ActiveSpeed(speed));
        output.WriteLine();
        output.WriteLine(RdmaMessages.Sent);
        WriteTotals(totals, PortTotal.SentBytes, PortTotal.SentPackets, PortTotal.SentErrors, output);
        output.WriteLine(RdmaMessages.Received);
        WriteTotals(totals, PortTotal.ReceivedBytes, PortTotal.ReceivedPackets, PortTotal.ReceivedErrors, output);
        output.WriteLine(RdmaMessages.Increments);
        output.WriteLine(RdmaMessages.SentIncrement(Text(sent.Delta), Text(sentPackets.Delta)));
        output.WriteLine(RdmaMessages.ReceivedIncrement(Text(received.Delta), Text(receivedPackets.Delta)));
        output.WriteLine(RdmaMessages.Bandwidth(Rate(sent.RatePerSecond), Rate(received.RatePerSecond)));
        output.WriteLine("---");
    }

    private static void WriteTotals(PortTotals totals, PortTotal bytes, PortTotal packets, PortTotal errors, TextWriter output)
    {
        output.WriteLine(RdmaMessages.Bytes(Text(totals, bytes)));
        output.WriteLine(RdmaMessages.Packets(Text(totals, packets)));
        output.WriteLine(RdmaMessages.Errors(Text(totals, errors)));
        output.WriteLine();
    }

    /// <summary>Width and speed of <c>100 Gb/sec (4X EDR)</c>: 4X, 100 Gb/sec EDR.</summary>
    private static (string Width, string Speed) Split(string? rate) =>
        rate?.Split(" (") is [var speed, var rest] && rest.TrimEnd(')').Split(' ') is [var width, .. var generation]
            ? (width, string.Join(' ', [speed, .. generation]))
            : (Nothing, rate ?? Nothing);

    private static string Text(PortTotals totals, PortTotal which) => totals[which] switch
    {
        { IsSaturated: true, Value: var value } => $"{Text(value)} {RdmaMessages.Saturated}",
        { Value: null } when !totals.Has(which) => $"{Nothing} {RdmaMessages.NotCounted}",
        { Value: var value } => Text(value),
    };

    private static string Text(ulong? number) => number?.ToString(CultureInfo.InvariantCulture) ?? Nothing;

    private static string Rate(double? bytesPerSecond) => bytesPerSecond is { } rate ? Quantity.BitRate(rate) : Nothing;
}
