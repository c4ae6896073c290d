using System.Diagnostics;
using XTrace.Bpf;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>
/// The statistics of a port's network interface that its driver has. Those of single queues are added up: a NIC with 64 channels has
/// thousands of them.
/// </summary>
/// <param name="place">The port.</param>
/// <param name="interfaceAlias">The network interface.</param>
/// <param name="ethtool">Asks the driver.</param>
internal sealed class EthtoolCounters(CounterPlace place, string interfaceAlias, Ethtool ethtool) : CounterGroup(place)
{
    private readonly CounterPlace _place = place;
    private readonly string? _driver = ethtool.DriverOf(interfaceAlias);
    private string[] _names = [];
    private GroupCounter?[] _counterOf = []; // by the index of a statistic; null where it is not wanted
    private ulong[] _sums = []; // of queues, by the index of a counter
    private int[] _indexOf = [];

    internal string InterfaceAlias => interfaceAlias;

    internal override bool Find(CounterFinding finding)
    {
        int count = Math.Max(0, ethtool.CountStatistics(interfaceAlias));
        if (count == _names.Length)
        {
            return false;
        }
        _names = ethtool.NamesOfStatistics(interfaceAlias, count);
        Dictionary<string, GroupCounter> known = Counters.ToDictionary(counter => counter.Name);
        Dictionary<string, GroupCounter> wanted = [];
        _counterOf = new GroupCounter?[_names.Length];
        for (int i = 0; i < _names.Length; i++)
        {
            (string name, CounterInfo info) = CounterCatalogue.FindStatistic(_names[i], _driver);
            if (finding.Filter.Wants(RdmaCounterSource.Ethtool, name, info))
            {
                if (!wanted.TryGetValue(name, out GroupCounter? counter))
                {
                    counter = known.GetValueOrDefault(name)
                        ?? new GroupCounter(_place, RdmaCounterSource.Ethtool, name, info) { Interface = interfaceAlias };
                    wanted.Add(name, counter);
                }
                _counterOf[i] = counter;
            }
        }
        GroupCounter[] counters = [.. wanted.Values];
        _sums = new ulong[counters.Length];
        _indexOf = [.. _counterOf.Select(counter => counter is null ? -1 : Array.IndexOf(counters, counter))];
        return Update(counters, finding);
    }

    internal override void Read()
    {
        if (Counters.Length == 0)
        {
            return;
        }
        int failed = ethtool.ReadStatistics(interfaceAlias, _names.Length, out ReadOnlySpan<ulong> values);
        long ticks = Stopwatch.GetTimestamp();
        if (failed != 0)
        {
            Array.ForEach(Counters, counter => counter.Fail(-failed));
            // Whatever changed is found at the next sample.
            _names = failed is -Errnos.ENOENT or -Errnos.ENODEV ? [] : _names;
            return;
        }
        _sums.AsSpan().Clear();
        for (int i = 0; i < values.Length; i++)
        {
            if (_indexOf[i] >= 0)
            {
                _sums[_indexOf[i]] += values[i];
            }
        }
        for (int i = 0; i < Counters.Length; i++)
        {
            Counters[i].Take(_sums[i], ticks);
        }
    }
}
