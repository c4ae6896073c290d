using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using XTrace.Bpf;

namespace XTrace.Rdma;

/// <summary>What the counters of one folder have in common.</summary>
/// <param name="Device">The device.</param>
/// <param name="Port">The port, or null.</param>
/// <param name="InterfaceAlias">The port's network interface, or null.</param>
/// <param name="Source">Which folder.</param>
internal sealed record CounterPlace(string Device, int? Port, string? InterfaceAlias, RdmaCounterSource Source);

/// <summary>One counter: its file, held open, and its last two values. Reading it again allocates nothing.</summary>
internal sealed class CounterFile(CounterPlace place, string name, string path, CounterInfo info) : IDisposable
{
    private SafeFileHandle? _file;
    private Value? _current;
    private Value? _previous;
    private RdmaCounterStatus _status;
    private int _errno;

    internal CounterPlace Place => place;

    internal CounterInfo Info => info;

    internal string Name => name;

    internal RdmaCounterStatus Status => _status;

    /// <summary>The kernel's error number; null if it gave none.</summary>
    internal int? ErrorCode => _errno == 0 ? null : _errno;

    /// <summary>The number of the last sample, in its unit; null if there was none.</summary>
    internal ulong? Current => HasValue ? Scale(_current!.Value.Raw) : null;

    /// <summary>What it grew by since the last sample before that gave a number; null where nobody can tell.</summary>
    internal ulong? Delta => HasRate ? Scale(_current!.Value.Raw - _previous!.Value.Raw) : null;

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

    internal RdmaCounter ToCounter(DateTime timestamp) => new()
    {
        Timestamp = timestamp,
        Device = place.Device,
        Port = place.Port,
        InterfaceAlias = place.InterfaceAlias,
        Source = place.Source,
        Name = name,
        RawValue = HasValue ? _current!.Value.Raw : null,
        Value = Current,
        Unit = info.Unit,
        Kind = info.Kind,
        Category = info.Category,
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
        _previous = _current;
        _current = new Value(raw, ticks);
        return IsGreatest(raw) ? RdmaCounterStatus.Saturated
            : info.Kind != RdmaCounterKind.Gauge && raw < _previous?.Raw ? RdmaCounterStatus.Reset
            : RdmaCounterStatus.Ok;
    }

    /// <summary>Only the specification's counters stop; of the drivers' own nobody says so.</summary>
    private bool IsGreatest(ulong raw) => place.Source != RdmaCounterSource.HwCounters && info.Width is { } width && raw == Greatest(width);

    /// <summary>A port may have wide data counters and not the rest of the extended ones (sysfs.c, pma_attrs_noietf): a great value tells.</summary>
    private int? Width => info.Width is { } width && _current?.Raw > Greatest(width) ? 64 : info.Width;

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
