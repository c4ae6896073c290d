using System.Diagnostics;
using XTrace.Bpf;

namespace XTrace.Rdma;

/// <summary>
/// The optional counters of a port, which are not in sysfs: those that somebody has enabled (<c>rdma statistic set</c>). They are
/// read, and never enabled. From kernel 5.16 on.
/// </summary>
/// <param name="place">The port.</param>
/// <param name="port">Its number.</param>
/// <param name="statistics">Asks the kernel.</param>
internal sealed class OptionalCounters(CounterPlace place, int port, RdmaStatistics statistics) : CounterGroup(place)
{
    private readonly CounterPlace _place = place;
    private IReadOnlyList<string> _names = [];
    private bool _isRefused; // by an older kernel, which will not learn it

    internal override bool Find(CounterFinding finding)
    {
        IReadOnlyList<string>? names = _isRefused ? null : statistics.Enabled(_place.Device, port);
        _isRefused = names is null;
        if (names is null || names.SequenceEqual(_names))
        {
            return false;
        }
        _names = names;
        Dictionary<string, GroupCounter> known = Counters.ToDictionary(counter => counter.Name);
        return Update([.. Wanted(names, finding.Filter).Select(found => known.GetValueOrDefault(found.Name) ?? Make(found))], finding);
    }

    internal override void Read()
    {
        if (Counters.Length == 0)
        {
            return;
        }
        IReadOnlyDictionary<string, ulong> values = statistics.Values(_place.Device, port, out int failed);
        long ticks = Stopwatch.GetTimestamp();
        foreach (GroupCounter counter in Counters)
        {
            if (values.TryGetValue(counter.Name, out ulong value))
            {
                counter.Take(value, ticks);
            }
            else
            {
                // Somebody has disabled it since.
                counter.Fail(failed == 0 ? Errnos.ENOENT : failed);
            }
        }
    }

    private IEnumerable<(string Name, CounterInfo Info)> Wanted(IEnumerable<string> names, CounterFilter filter) => names
        .Select(name => (name, CounterCatalogue.Find(RdmaCounterSource.HwCounters, name, _place.Driver, hasExtended: true)))
        .Where(counter => filter.Wants(RdmaCounterSource.Optional, counter.name, counter.Item2));

    private GroupCounter Make((string Name, CounterInfo Info) found) => new(_place, RdmaCounterSource.Optional, found.Name, found.Info);
}
