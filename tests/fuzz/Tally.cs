using System.Globalization;
using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>The frames that were run so far, over all tables.</summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();

    internal long Frames { get; private set; }

    internal long Tables { get; private set; }

    internal long Detailed { get; private set; }

    internal long Supers { get; private set; }

    internal ulong Packets { get; private set; }

    internal ulong Malformed { get; private set; }

    internal ulong Filtered { get; private set; }

    internal ulong Evicted { get; private set; }

    internal ulong Reported { get; private set; }

    internal void Add(int frames, int supers)
    {
        lock (_lock)
        {
            Frames += frames;
            Supers += supers;
        }
    }

    internal void AddTable(FlowTotals ingress, FlowTotals egress, bool hasDetails)
    {
        lock (_lock)
        {
            Tables++;
            Detailed += hasDetails ? 1 : 0;
            foreach (FlowTotals totals in (FlowTotals[])[ingress, egress])
            {
                Packets += totals.Packets;
                Malformed += totals.MalformedPackets;
                Filtered += totals.FilteredPackets;
                Evicted += totals.EvictedPackets;
                Reported += totals.ReportedPackets;
            }
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Frames:n0} frames, {Supers:n0} of them super-packets, "
                + $"{Tables:n0} tables, {Detailed:n0} with details: "
                + $"{Packets:n0} packets, {Filtered:n0} filtered, {Malformed:n0} malformed, {Reported:n0} reported, {Evicted:n0} evicted");
        }
    }
}
