using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>What XTrace promises: every frame is in a flow, or in a total that says why not.</summary>
internal static class Conservation
{
    /// <summary>Holds it against every point of a monitor at rest.</summary>
    /// <param name="monitor">The monitor.</param>
    /// <param name="rows">All its flows, and none that have ended.</param>
    internal static void Assert(FlowMonitor monitor, ReadOnlySpan<FlowRow> rows)
    {
        Dictionary<uint, (ulong Packets, ulong Bytes)> held = [];
        foreach (ref readonly FlowRow row in rows)
        {
            (ulong packets, ulong bytes) = held.GetValueOrDefault(row.Point);
            held[row.Point] = (packets + row.Packets, bytes + row.Bytes);
        }
        foreach (Point point in monitor.Points.List())
        {
            FlowTotals totals = monitor.Points.ReadTotals(point.Id);
            (ulong packets, ulong bytes) = held.GetValueOrDefault(point.Id);
            ulong otherPackets = totals.ReportedPackets + totals.EvictedPackets + totals.FilteredPackets + totals.MalformedPackets;
            ulong otherBytes = totals.ReportedBytes + totals.EvictedBytes + totals.FilteredBytes + totals.MalformedBytes;
            Xunit.Assert.Equal((totals.Packets, totals.Bytes), (packets + otherPackets, bytes + otherBytes));
            held.Remove(point.Id);
        }
        Xunit.Assert.Empty(held);
    }
}
