using System.Diagnostics;
using XTrace.Bpf;

namespace XTrace.Rdma;

/// <summary>One counter: its last two values, and what they say.</summary>
/// <param name="place">The port or the device that it is of.</param>
/// <param name="source">Its source.</param>
/// <param name="name">Its name there.</param>
/// <param name="info">What is known of it.</param>
internal abstract class Counter(CounterPlace place, RdmaCounterSource source, string name, CounterInfo info)
{
    private Value? _current;
    private Value? _previous;

    internal CounterPlace Place => place;

    internal CounterInfo Info => info;

    internal RdmaCounterSource Source => source;

    internal string Name => name;

    internal RdmaCounterStatus Status { get; private set; }

    /// <summary>The kernel's error number; null if it gave none.</summary>
    internal int? ErrorCode { get; private set; }

    /// <summary>The network interface that it is read from, where that is not the port's own; null for the port's.</summary>
    internal string? Interface { get; init; }

    /// <summary>The number of the last sample, in its unit; null if there was none.</summary>
    internal ulong? Current => HasValue ? Scale(_current!.Value.Raw) : null;

    /// <summary>The growth since the last sample with a number. Null if it is unknown.</summary>
    internal ulong? Delta => HasRate ? Scale(Growth) : null;

    /// <summary>The same a second.</summary>
    internal double? RatePerSecond => Delta / Elapsed?.TotalSeconds;

    /// <summary>The time that was measured between the last two numbers; null before there are two.</summary>
    internal TimeSpan? Elapsed => _previous is { } previous ? Stopwatch.GetElapsedTime(previous.Ticks, _current!.Value.Ticks) : null;

    private bool HasValue => Status is RdmaCounterStatus.Ok or RdmaCounterStatus.Reset or RdmaCounterStatus.Saturated;

    private bool HasRate => Status == RdmaCounterStatus.Ok && _previous is not null && info.Kind != RdmaCounterKind.Gauge;

    internal RdmaCounter ToCounter(long sample, DateTime timestamp) => new()
    {
        Sample = sample,
        Timestamp = timestamp,
        Device = place.Device,
        Port = place.Port,
        InterfaceAlias = Interface ?? (place.Interfaces.Count > 0 ? place.Interfaces[0].InterfaceAlias : null),
        InterfaceFoundBy = place.Interfaces.Count > 0 ? place.Interfaces[0].FoundBy : null,
        Source = source,
        Name = name,
        RawValue = HasValue ? _current!.Value.Raw : null,
        Value = Current,
        Unit = info.Unit,
        Kind = info.Kind,
        Category = info.Category,
        Direction = info.Direction,
        IsGuess = info.IsGuess,
        Width = Width,
        Delta = Delta,
        RatePerSecond = RatePerSecond,
        Status = Status,
        ErrorCode = ErrorCode,
        Description = info.Meaning,
    };

    /// <summary>Takes a number that was read.</summary>
    /// <param name="raw">The number.</param>
    /// <param name="ticks">When, on the clock of <see cref="Stopwatch"/>.</param>
    private protected void Take(ulong raw, long ticks)
    {
        ErrorCode = null;
        if (raw == ulong.MaxValue && info.IsNoneWhenAllOnes)
        {
            Status = RdmaCounterStatus.NotAvailable;
            return;
        }
        _previous = _current;
        _current = new Value(raw, ticks);
        Status = IsGreatest(raw) ? RdmaCounterStatus.Saturated
            : info.Kind != RdmaCounterKind.Gauge && raw < _previous?.Raw && !HasWrapped ? RdmaCounterStatus.Reset
            : RdmaCounterStatus.Ok;
    }

    /// <summary>Notes that there is no number, and the reason.</summary>
    private protected void Take(RdmaCounterStatus status) => (Status, ErrorCode) = (status, null);

    /// <summary>Takes note that the kernel refused.</summary>
    private protected void Fail(int errno) => (Status, ErrorCode) = (StatusOf(errno), errno);

    /// <summary>Only the specification's counters stop at their greatest value.</summary>
    private bool IsGreatest(ulong raw) => Stops && info.Width is { } width && raw == Greatest(width);

    private bool Stops => source is RdmaCounterSource.Counters or RdmaCounterSource.CountersExt;

    /// <summary>
    /// Whether a driver's counter that is less than before began anew at its width, and was not reset: what it grew by is then
    /// less than half of what it can count to.
    /// </summary>
    private bool HasWrapped => !Stops && Width is < 64 and { } width && Growth <= Greatest(width) / 2;

    private ulong Growth
    {
        get
        {
            ulong growth = _current!.Value.Raw - _previous!.Value.Raw;
            return _current.Value.Raw < _previous.Value.Raw && Width is < 64 and { } width ? growth & Greatest(width) : growth;
        }
    }

    /// <summary>
    /// A port may have wide data counters without the rest of the extended counters (sysfs.c, pma_attrs_noietf). A value that
    /// is too great for the catalogue's width shows that the counter is wide.
    /// </summary>
    private int? Width =>
        info.Width is { } width && (_current?.Raw > Greatest(width) || _previous?.Raw > Greatest(width)) ? 64 : info.Width;

    private static ulong Greatest(int width) => ulong.MaxValue >> (64 - width);

    /// <summary>A value that would not fit has stopped there as well.</summary>
    private ulong Scale(ulong raw) => raw > ulong.MaxValue / info.Factor ? ulong.MaxValue : raw * info.Factor;

    private static RdmaCounterStatus StatusOf(int errno) => errno switch
    {
        Errnos.EOPNOTSUPP => RdmaCounterStatus.NotSupported,
        Errnos.ENODEV or Errnos.ENOENT => RdmaCounterStatus.Gone,
        _ => RdmaCounterStatus.Failed,
    };

    private readonly record struct Value(ulong Raw, long Ticks);
}
