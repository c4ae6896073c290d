using System.Globalization;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>Applies the rules to facts.</summary>
/// <param name="rules">The rules, in order.</param>
internal sealed class HealthJudge(IReadOnlyList<HealthRule> rules)
{
    private const int UsualLanes = 4; // of an InfiniBand port: 4X
    private const int SplitLanes = 2; // of half of one, which splitter cables make from HDR on
    private const double MicrosecondsInPercent = 1e4; // of a second

    /// <summary>The longest time that one pause frame asks for: 65,535 quanta of 512 bits, IEEE 802.3 annex 31B.</summary>
    private const double LongestPauseBits = 65535 * 512.0;

    /// <summary>A port that carries less than this part of its siblings' traffic differs from them.</summary>
    private const double SmallPart = 0.1;

    /// <summary>Below this part of its rate a port is at rest, and traffic tells nothing.</summary>
    private const double BusyPart = 0.01;

    /// <summary>What leaves the growth of a counter unknown, though the device keeps it.</summary>
    private static readonly RdmaCounterStatus[] s_unknown =
        [RdmaCounterStatus.Saturated, RdmaCounterStatus.Reset, RdmaCounterStatus.Failed, RdmaCounterStatus.NotANumber];

    private static readonly string[] s_splitSpeeds = ["HDR", "NDR", "XDR"];

    /// <summary>What the rules find, each check once; empty if nothing.</summary>
    /// <param name="facts">The port.</param>
    /// <param name="all">All ports, itself included.</param>
    internal List<HealthFinding> Judge(HealthFacts facts, IReadOnlyList<HealthFacts> all)
    {
        List<HealthFinding> findings = [];
        List<CounterFact> left = [.. facts.Counters];
        foreach (HealthRule rule in rules)
        {
            // What cannot be known is looked for in all counters; any other rule takes its own out.
            IEnumerable<CounterFact> from = rule.Measure == HealthMeasure.Unreadable ? facts.Counters : left;
            CounterFact[] counters = [.. from.Where(rule.Takes)];
            left.RemoveAll(rule.Takes);
            if (findings.TrueForAll(finding => finding.Rule.Check != rule.Check) && Find(rule, counters, facts, all) is { } found)
            {
                findings.Add(found);
            }
        }
        return findings;
    }

    private static HealthFinding? Find(HealthRule rule, CounterFact[] counters, HealthFacts facts, IReadOnlyList<HealthFacts> all)
    {
        (double Value, string Evidence)? measured = rule.Measure switch
        {
            HealthMeasure.State => State(rule, facts),
            HealthMeasure.Width => Width(facts),
            HealthMeasure.Speed => Speed(facts.Link),
            HealthMeasure.Pcie => Pcie(facts),
            HealthMeasure.Slot => Slot(facts),
            HealthMeasure.Growth => Growth(counters, facts),
            HealthMeasure.PerMillion => PerMillion(counters, facts),
            HealthMeasure.Pause => Pause(counters, facts),
            HealthMeasure.ErrorPairs => ErrorPairs(facts),
            HealthMeasure.Siblings => Siblings(facts, all),
            HealthMeasure.Unreadable => Unreadable(counters),
            _ => null,
        };
        return measured is { } found && rule.Judge(found.Value) is { } status ? new HealthFinding(rule, status, found.Evidence) : null;
    }

    private static (double, string)? State(HealthRule rule, HealthFacts facts)
    {
        string logical = facts.State?.ToString() ?? "Unknown";
        string physical = facts.PhysicalState?.ToString() ?? "Unknown";
        bool Is(string wanted, string state) => wanted == "*" || wanted == state;
        return facts.Port is not null && Is(rule.States.Logical, logical) && Is(rule.States.Physical, physical)
            ? (1, $"{logical}, {physical}")
            : null;
    }

    /// <summary>Of InfiniBand alone: an Ethernet link may well have one lane.</summary>
    private static (double, string)? Width(HealthFacts facts)
    {
        if (!facts.IsInfiniBand || facts.State == RdmaPortState.Down || LanesOf(facts.Rate) is not { } lanes)
        {
            return null;
        }
        bool isSplit = lanes == SplitLanes && s_splitSpeeds.Any(speed => facts.Rate!.Contains(speed, StringComparison.Ordinal));
        return (isSplit ? 1 : (double)lanes / UsualLanes, HealthMessages.Lanes.Text(facts.Rate, UsualLanes));
    }

    /// <summary>Reads the lanes of <c>100 Gb/sec (4X EDR)</c>.</summary>
    private static int? LanesOf(string? rate) =>
        rate?.IndexOf('(', StringComparison.Ordinal) is > 0 and var start
        && rate.IndexOf('X', start) is > 0 and var end
        && int.TryParse(rate.AsSpan(start + 1, end - start - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int lanes)
            ? lanes
            : null;

    private static (double, string)? Speed(EthernetLink? known)
    {
        if (known is not { Speed: { } speed, Supported: { } supported } link)
        {
            return null;
        }
        int possible = Math.Min(supported, link.Partner ?? supported);
        return ((double)speed / possible, HealthMessages.Speed.Text(speed, possible));
    }

    private static (double, string)? Pcie(HealthFacts facts) => facts.Pcie is { } link
        ? (link.Current.BitsPerSecond / link.Possible.BitsPerSecond,
            HealthMessages.Pcie.Text($"{link.Current}", $"{link.Device}", link.Slot is { } slot ? $"{slot}" : "-"))
        : null;

    private static (double, string)? Slot(HealthFacts facts) =>
        facts.Pcie is { } link && PortFolder.ParseRate(facts.Rate) is > 0 and { } rate
            ? (link.Current.BitsPerSecond / rate,
                HealthMessages.Slot.Text($"{link.Current}", Quantity.BitRate(link.Current.BitsPerSecond / 8), facts.Rate))
            : null;

    private static (double, string)? Growth(CounterFact[] counters, HealthFacts facts)
    {
        CounterFact[] grown = [.. counters.Where(counter => counter.Delta > 0)];
        return grown.Length == 0 ? null : (grown.Max(counter => (double)counter.Delta!.Value), $"{List(grown)}; {Time(facts)}");
    }

    private static (double, string)? PerMillion(CounterFact[] counters, HealthFacts facts)
    {
        CounterFact[] grown = [.. counters.Where(counter => counter.Delta > 0)];
        if (grown.Length == 0)
        {
            return null;
        }
        // The same loss shows in several counters.
        double most = grown.Max(counter => (double)counter.Delta!.Value);
        double? rate = facts.Packets is { } packets ? most / Math.Max(packets, most) * 1e6 : null;
        string share = rate is { } known ? HealthMessages.PerMillion.Text(Number(known), facts.Packets) : HealthMessages.NoPackets.Text();
        return (rate ?? most, $"{List(grown)}; {share}; {Time(facts)}");
    }

    /// <summary>
    /// From the counters of durations, the longest of all priorities; from the frames alone only the longest time that they can
    /// have asked for is known.
    /// </summary>
    private static (double, string)? Pause(CounterFact[] counters, HealthFacts facts)
    {
        double seconds = facts.Elapsed.TotalSeconds;
        CounterFact[] grown = [.. counters.Where(counter => counter.Delta > 0)];
        CounterFact[] times = [.. grown.Where(counter => counter.Unit == RdmaCounterUnit.Microseconds)];
        CounterFact[] frames = [.. grown.Where(counter => counter.Unit == RdmaCounterUnit.Packets)];
        if (seconds <= 0 || times.Length + frames.Length == 0)
        {
            return null;
        }
        bool hasTimes = counters.Any(counter => counter.Unit == RdmaCounterUnit.Microseconds && counter.Delta is not null);
        double share = hasTimes
            ? times.Select(counter => counter.Delta!.Value / MicrosecondsInPercent / seconds).DefaultIfEmpty(0).Max()
            : LongestShare(frames.Max(counter => counter.Delta!.Value), facts);
        string text = (hasTimes ? HealthMessages.PauseShare : HealthMessages.PauseAtMost).Text(Number(share));
        return (share, $"{text}; {List(grown)}; {Time(facts)}");
    }

    /// <summary>The longest pause that this many pause frames can ask for, in percent of the time.</summary>
    private static double LongestShare(ulong frames, HealthFacts facts)
    {
        double bits = facts.Link?.Speed * 1e6 ?? PortFolder.ParseRate(facts.Rate) ?? 0;
        return bits <= 0 ? 100 : Math.Min(100, frames * LongestPauseBits / bits / facts.Elapsed.TotalSeconds * 100);
    }

    private static (double, string)? ErrorPairs(HealthFacts facts) => facts.ErrorPairs is { Count: > 0 } pairs
        ? (pairs.Count, string.Join(", ", pairs.Select(pair => $"{pair.Number} {pair.Type} {pair.State} ({pair.Owner ?? "?"})")))
        : null;

    /// <summary>Two others at least have to agree.</summary>
    private static (double, string)? Siblings(HealthFacts facts, IReadOnlyList<HealthFacts> all)
    {
        HealthFacts[] others = facts.Port is null ? []
            : [.. all.Where(other => other.Port is not null && other.Kind == facts.Kind && other != facts)];
        if (others.Length < 2)
        {
            return null;
        }
        List<string> different = [];
        foreach ((string name, string value) in facts.Traits)
        {
            string[] theirs = [.. others.Select(other => other.Traits.GetValueOrDefault(name, "")).Distinct()];
            if (theirs is [var common] && common != value && common.Length > 0)
            {
                different.Add(HealthMessages.Sibling.Text(name, value, common, others.Length));
            }
        }
        if (QuietAmong(facts, others) is { } quiet)
        {
            different.Add(quiet);
        }
        return different.Count == 0 ? null : (different.Count, string.Join("; ", different));
    }

    /// <summary>Whether a port carries next to nothing while all others of its kind are busy.</summary>
    private static string? QuietAmong(HealthFacts facts, HealthFacts[] others)
    {
        bool IsBusy(HealthFacts port) => port.Bytes * 8 / port.Elapsed.TotalSeconds > PortFolder.ParseRate(port.Rate) * BusyPart;
        if (facts.Bytes is not { } bytes || !others.All(IsBusy))
        {
            return null;
        }
        double least = others.Min(other => (double)other.Bytes!.Value);
        return bytes < least * SmallPart ? HealthMessages.Quiet.Text(Quantity.Bytes(bytes), Quantity.Bytes(least), others.Length) : null;
    }

    private static (double, string)? Unreadable(CounterFact[] counters)
    {
        CounterFact[] bad = [.. counters.Where(counter => s_unknown.Contains(counter.Status))];
        return bad.Length == 0 ? null : (bad.Length, string.Join(", ", bad.Select(counter => $"{counter.Name} {counter.Status}")));
    }

    private static string List(CounterFact[] counters) =>
        string.Join(", ", counters.Select(counter => $"{counter.Name} +{counter.Delta}{UnitOf(counter)}"));

    private static string UnitOf(CounterFact counter) => counter.Unit == RdmaCounterUnit.Microseconds ? " µs" : "";

    private static string Time(HealthFacts facts) =>
        HealthMessages.Time.Text(facts.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture));

    private static string Number(double value) => value.ToString(value < 10 ? "0.##" : "0", CultureInfo.InvariantCulture);
}
