namespace XTrace.Rdma;

/// <summary>A total of a port in the last sample; null for what nobody can tell.</summary>
/// <param name="Value">Since the counters began.</param>
/// <param name="Delta">Since the sample before.</param>
/// <param name="RatePerSecond">The same a second.</param>
/// <param name="IsSaturated">Whether a counter in it has stopped at its greatest value.</param>
internal readonly record struct Total(ulong? Value, ulong? Delta, double? RatePerSecond, bool IsSaturated);

/// <summary>
/// What went through a port: from the first folder whose counters can be read, the widest first. Drivers without port
/// counters have their own, some of them one for IPv4 and one for IPv6.
/// </summary>
internal sealed class PortTotals(CounterPlace place)
{
    private static readonly RdmaCounterSource[] s_preference =
        [RdmaCounterSource.CountersExt, RdmaCounterSource.Counters, RdmaCounterSource.HwCounters, RdmaCounterSource.DiagCounters];

    private readonly CounterFile[] _files = [.. place.Files];

    internal Total this[PortTotal total] =>
        s_preference.Select(source => Sum(source, total)).FirstOrDefault(sum => sum.Value is not null);

    /// <summary>Whether it is certain that the driver does not count it. A counter that cannot be read now is one that it keeps.</summary>
    internal bool IsKnownNotToCount(PortTotal total) => place.IsComplete && !_files.Any(file => file.Info.Total == total);

    private Total Sum(RdmaCounterSource source, PortTotal total)
    {
        CounterFile[] parts = [.. _files.Where(file => file.Source == source && file.Info.Total == total && file.Current is not null)];
        if (parts.Length == 0)
        {
            return default;
        }
        bool grew = parts.All(part => part.Delta is not null);
        return new Total(
            parts.Aggregate(0ul, (sum, part) => sum + part.Current!.Value),
            grew ? parts.Aggregate(0ul, (sum, part) => sum + part.Delta!.Value) : null,
            grew ? parts.Sum(part => part.RatePerSecond) : null,
            parts.Any(part => part.Status == RdmaCounterStatus.Saturated));
    }
}
