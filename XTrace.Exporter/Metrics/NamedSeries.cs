using System.Numerics;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// Counts of many things, of which the greatest have series of their own: all gains are in the series of something with a name, in
/// <see cref="Other"/>, or in <see cref="Retired"/>.
/// </summary>
/// <param name="top">How many have a name.</param>
internal sealed class NamedSeries<TKey, TCount>(int top)
    where TKey : notnull
    where TCount : struct, IAdditionOperators<TCount, TCount, TCount>
{
    /// <summary>A name is kept for this long after its owner was last among the largest, so that few new series begin.</summary>
    internal static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    private readonly Dictionary<TKey, Named<TCount>> _named = [];

    /// <summary>Those that have a name.</summary>
    internal IReadOnlyCollection<Named<TCount>> Named => _named.Values;

    /// <summary>Counts of all others, while they had no name.</summary>
    internal TCount Other { get; private set; }

    /// <summary>Counts in series of those that gave their name to a greater one.</summary>
    internal TCount Retired { get; private set; }

    /// <summary>Adds what something gained.</summary>
    internal void Add(in TKey key, TCount gain)
    {
        if (_named.TryGetValue(key, out Named<TCount>? named))
        {
            named.Count += gain;
        }
        else
        {
            Other += gain;
        }
    }

    /// <summary>
    /// Gives a name to what is among the greatest, or lets it keep its name. A series begins with 0, so that its whole growth is
    /// seen; what was counted before is in <see cref="Other"/>.
    /// </summary>
    /// <param name="key">What is among the greatest.</param>
    /// <param name="now">Time on a clock that does not jump.</param>
    /// <param name="labelsOf">Makes its labels.</param>
    internal void Name(in TKey key, TimeSpan now, Func<TKey, Label[]> labelsOf)
    {
        if (_named.TryGetValue(key, out Named<TCount>? named))
        {
            named.LastAmongTop = now;
        }
        else if (_named.Count < top || Retire(now))
        {
            _named.Add(key, new Named<TCount>(labelsOf(key)) { LastAmongTop = now });
        }
    }

    /// <summary>Adds a series for each name, and one for all others.</summary>
    /// <param name="family">The metric.</param>
    /// <param name="of">Which of the counts.</param>
    /// <param name="other">The labels of all others.</param>
    internal void AddTo(MetricFamily family, Func<TCount, double> of, Label[] other)
    {
        foreach (Named<TCount> named in _named.Values)
        {
            family.Add(of(named.Count), named.Labels);
        }
        family.Add(of(Other), other);
    }

    private bool Retire(TimeSpan now)
    {
        if (_named.Count == 0)
        {
            return false;
        }
        (TKey key, Named<TCount> named) = _named.MinBy(named => named.Value.LastAmongTop);
        if (now - named.LastAmongTop < Hold)
        {
            return false;
        }
        Retired += named.Count;
        return _named.Remove(key);
    }
}

/// <summary>Something that has a series of its own.</summary>
internal sealed class Named<TCount>(Label[] labels)
    where TCount : struct
{
    internal Label[] Labels { get; } = labels;

    /// <summary>The gain since the series has a name.</summary>
    internal TCount Count { get; set; }

    /// <summary>When it was last among the greatest.</summary>
    internal TimeSpan LastAmongTop { get; set; }
}
