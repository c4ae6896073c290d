using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using XTrace.Bpf;

namespace XTrace.Rdma;

/// <summary>One counter: its file, held open, and its last two values. Reading it again allocates nothing.</summary>
/// <param name="place">The port or the device that it is of.</param>
/// <param name="source">Which folder it is in.</param>
/// <param name="entry">Its entry there.</param>
/// <param name="path">Where to open it.</param>
/// <param name="info">What is known of it.</param>
internal sealed class CounterFile(CounterPlace place, RdmaCounterSource source, FolderEntry entry, string path, CounterInfo info)
    : IDisposable
{
    private SafeFileHandle? _file;
    private Value? _current;
    private Value? _previous;
    private RdmaCounterStatus _status;
    private int _errno;

    internal CounterPlace Place => place;

    internal CounterInfo Info => info;

    internal RdmaCounterSource Source => source;

    internal FolderEntry Entry => entry;

    internal string Name => entry.Name;

    internal RdmaCounterStatus Status => _status;

    /// <summary>The kernel's error number; null if it gave none.</summary>
    internal int? ErrorCode => _errno == 0 ? null : _errno;

    /// <summary>The number of the last sample, in its unit; null if there was none.</summary>
    internal ulong? Current => HasValue ? Scale(_current!.Value.Raw) : null;

    /// <summary>What it grew by since the last sample before that gave a number; null where nobody can tell.</summary>
    internal ulong? Delta => HasRate ? Scale(Growth) : null;

    /// <summary>The same a second.</summary>
    internal double? RatePerSecond => Delta is { } delta
        ? delta / Stopwatch.GetElapsedTime(_previous!.Value.Ticks, _current!.Value.Ticks).TotalSeconds
        : null;

    private bool HasValue => _status is RdmaCounterStatus.Ok or RdmaCounterStatus.Reset or RdmaCounterStatus.Saturated;

    private bool HasRate => _status == RdmaCounterStatus.Ok && _previous is not null && info.Kind != RdmaCounterKind.Gauge;

    /// <summary>Reads it once more.</summary>
    internal void Read(Span<byte> buffer, bool keepOpen)
    {
        _errno = 0;
        _file ??= SysfsFile.TryOpen(path, out _errno);
        long ticks = Stopwatch.GetTimestamp();
        int length = _file is null ? -_errno : SysfsFile.Read(_file, buffer);
        _errno = length < 0 ? -length : 0;
        _status = length < 0 ? StatusOf(_errno) : Take(buffer[..length], ticks);
        if (!keepOpen || _status == RdmaCounterStatus.Gone)
        {
            // A device that comes back under its name has new files.
            Dispose();
        }
    }

    /// <summary>Closes the file; the next read opens it again.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    internal RdmaCounter ToCounter(long sample, DateTime timestamp) => new()
    {
        Sample = sample,
        Timestamp = timestamp,
        Device = place.Device,
        Port = place.Port,
        InterfaceAlias = place.Interfaces.Count > 0 ? place.Interfaces[0].InterfaceAlias : null,
        InterfaceFoundBy = place.Interfaces.Count > 0 ? place.Interfaces[0].FoundBy : null,
        Source = source,
        Name = entry.Name,
        RawValue = HasValue ? _current!.Value.Raw : null,
        Value = Current,
        Unit = info.Unit,
        Kind = info.Kind,
        Category = info.Category,
        IsGuess = info.IsGuess,
        Width = Width,
        Delta = Delta,
        RatePerSecond = RatePerSecond,
        Status = _status,
        ErrorCode = ErrorCode,
        Description = info.Meaning,
    };

    private RdmaCounterStatus Take(ReadOnlySpan<byte> text, long ticks)
    {
        text = text.TrimEnd("\n "u8);
        if (!Utf8Parser.TryParse(text, out ulong raw, out int used) || used != text.Length)
        {
            return text.StartsWith("N/A"u8) ? RdmaCounterStatus.NotAvailable : RdmaCounterStatus.NotANumber;
        }
        if (raw == ulong.MaxValue && info.IsNoneWhenAllOnes)
        {
            return RdmaCounterStatus.NotAvailable;
        }
        _previous = _current;
        _current = new Value(raw, ticks);
        return IsGreatest(raw) ? RdmaCounterStatus.Saturated
            : info.Kind != RdmaCounterKind.Gauge && raw < _previous?.Raw && !HasWrapped ? RdmaCounterStatus.Reset
            : RdmaCounterStatus.Ok;
    }

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

    /// <summary>What would not fit has stopped there as well.</summary>
    private ulong Scale(ulong raw) => raw > ulong.MaxValue / info.Factor ? ulong.MaxValue : raw * info.Factor;

    private static RdmaCounterStatus StatusOf(int errno) => errno switch
    {
        Errnos.EOPNOTSUPP => RdmaCounterStatus.NotSupported,
        Errnos.ENODEV or Errnos.ENOENT => RdmaCounterStatus.Gone,
        _ => RdmaCounterStatus.Failed,
    };

    private readonly record struct Value(ulong Raw, long Ticks);
}
