using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>The counts that a table should have after the frames that were run through it, and their comparison with its own.</summary>
/// <param name="areEndsRead">Whether flows that make room are read, so that none is lost.</param>
internal sealed class Expectation(bool areEndsRead)
{
    private readonly Dictionary<(FlowKey Key, FlowDirection Direction), FrameCount> _flows = [];
    private readonly Dictionary<(FlowKey Key, FlowDirection Direction), FrameCount> _gains = [];
    private readonly Dictionary<(FlowKey Key, FlowDirection Direction), FrameCount> _ended = [];
    private readonly FrameCount[] _all = new FrameCount[(int)FlowDirection.Both];
    private readonly FrameCount[] _filtered = new FrameCount[(int)FlowDirection.Both];
    private readonly FrameCount[] _malformed = new FrameCount[(int)FlowDirection.Both];
    private ulong _evicted;

    /// <summary>Takes note of frames that were run.</summary>
    internal void Add(FlowDirection direction, in Verdict verdict, bool isKept, FrameCount frames)
    {
        _all[(int)direction] += frames;
        if (verdict.IsMalformed)
        {
            _malformed[(int)direction] += frames;
        }
        else if (!isKept)
        {
            _filtered[(int)direction] += frames;
        }
        else
        {
            AddTo(_gains, (verdict.Key, direction), frames);
        }
    }

    /// <summary>
    /// Compares with the table, of which a snapshot was taken: totals, conservation, and what each flow gained since the snapshot before.
    /// </summary>
    /// <exception cref="Disagreement">They are not the same.</exception>
    internal void Check(FuzzTable table)
    {
        Dictionary<(FlowKey, FlowDirection), FrameCount> gains = [];
        foreach ((FlowKey Key, FlowDirection Direction) flow in _gains.Keys)
        {
            AddTo(_flows, flow, _gains[flow]);
        }
        foreach (ref readonly FlowRow row in table.Meter.Rows)
        {
            AddTo(gains, (row.Key, table.DirectionOf(row.Point)), row.Gain);
        }
        foreach (ref readonly FlowRow row in table.Meter.Ended)
        {
            AddTo(gains, (row.Key, table.DirectionOf(row.Point)), row.Gain);
            AddTo(_ended, (row.Key, table.DirectionOf(row.Point)), new FrameCount(row.Packets, row.Bytes));
        }
        foreach (FlowDirection direction in FuzzTable.Directions)
        {
            CheckTotals(table, direction);
        }
        ulong evicted = FuzzTable.Directions.Aggregate(0ul, (sum, direction) => sum + table.TotalsOf(direction).EvictedPackets);
        if (evicted == _evicted)
        {
            Compare("gained", _gains, gains);
        }
        _evicted = evicted;
        _gains.Clear();
    }

    /// <summary>Compares each flow, since the start, with what is in the table and what made room.</summary>
    /// <exception cref="Disagreement">They are not the same.</exception>
    internal void CheckFlows(FuzzTable table)
    {
        Dictionary<(FlowKey, FlowDirection), FrameCount> held = new(_ended);
        foreach (ref readonly FlowRow row in table.Meter.Rows)
        {
            AddTo(held, (row.Key, table.DirectionOf(row.Point)), new FrameCount(row.Packets, row.Bytes));
        }
        if (areEndsRead || _evicted == 0)
        {
            Compare("counted", _flows, held);
            return;
        }
        foreach (((FlowKey Key, FlowDirection) flow, FrameCount count) in held)
        {
            FrameCount expected = _flows.GetValueOrDefault(flow);
            if (count.Packets > expected.Packets || count.Bytes > expected.Bytes)
            {
                throw Differ("counted", flow.Key, expected, count);
            }
        }
    }

    private void CheckTotals(FuzzTable table, FlowDirection direction)
    {
        FlowTotals totals = table.TotalsOf(direction);
        FrameCount held = default;
        foreach (ref readonly FlowRow row in table.Meter.Rows)
        {
            held += row.Point == table.PointOf(direction) ? new FrameCount(row.Packets, row.Bytes) : default;
        }
        PointLedger ledger = table.Meter.LedgerOf(table.PointOf(direction));
        (string Name, FrameCount Expected, FrameCount Came)[] sums =
        [
            ("all frames", _all[(int)direction], totals.All),
            ("filtered", _filtered[(int)direction], new FrameCount(totals.FilteredPackets, totals.FilteredBytes)),
            ("malformed", _malformed[(int)direction], new FrameCount(totals.MalformedPackets, totals.MalformedBytes)),
            ("flows + evicted + reported + filtered + malformed", totals.All, held + totals.Evicted + totals.Reported + totals.Ignored),
            ("ends that were read", totals.Reported, ledger.Arrived + ledger.Lost),
            ("evicted though ends are read", default, areEndsRead ? totals.Evicted : default),
        ];
        foreach ((string name, FrameCount expected, FrameCount came) in sums)
        {
            if (expected != came)
            {
                string text = $"{name}: expected {Disagreement.Describe(expected)}, came {Disagreement.Describe(came)}";
                throw new Disagreement($"{direction}, {text}");
            }
        }
    }

    private static void Compare(
        string what,
        Dictionary<(FlowKey Key, FlowDirection), FrameCount> expected,
        Dictionary<(FlowKey Key, FlowDirection), FrameCount> came)
    {
        foreach (((FlowKey Key, FlowDirection) flow, FrameCount count) in came)
        {
            if (expected.GetValueOrDefault(flow) != count)
            {
                throw Differ(what, flow.Key, expected.GetValueOrDefault(flow), count);
            }
        }
        foreach (((FlowKey Key, FlowDirection) flow, FrameCount count) in expected)
        {
            if (!came.ContainsKey(flow))
            {
                throw Differ(what, flow.Key, count, default);
            }
        }
    }

    private static Disagreement Differ(string what, in FlowKey key, FrameCount expected, FrameCount came) => new(
        $"{Disagreement.Describe(key)}: expected to have {what} {Disagreement.Describe(expected)}, came {Disagreement.Describe(came)}");

    private static void AddTo(
        Dictionary<(FlowKey, FlowDirection), FrameCount> counts, (FlowKey, FlowDirection) flow, FrameCount frames) =>
        CollectionsMarshal.GetValueRefOrAddDefault(counts, flow, out _) += frames;
}
