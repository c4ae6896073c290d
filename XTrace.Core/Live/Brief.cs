using System.Globalization;

namespace XTrace.Live;

/// <summary>Numbers as short as columns are narrow; what is not known is a dash.</summary>
internal static class Brief
{
    private const string Unknown = "-";

    /// <summary>Bytes a second as bits a second: <c>9.41G</c>.</summary>
    internal static string Rate(double? bytesPerSecond) => bytesPerSecond is { } rate ? Number(rate * 8) : Unknown;

    /// <summary>A number with a decimal prefix.</summary>
    internal static string Number(double? number) =>
        number is { } value ? Quantity.Count(value).Replace(" ", "", StringComparison.Ordinal) : Unknown;

    /// <summary>Bytes with a binary prefix: <c>1.5Mi</c>.</summary>
    internal static string Bytes(double bytes) => Quantity.Bytes(bytes).Replace(" ", "", StringComparison.Ordinal).TrimEnd('B');

    /// <summary>A number with a comma between thousands.</summary>
    internal static string Grouped(double number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A short time: <c>0.004ms</c>, <c>0.35ms</c>, <c>12.3ms</c>, <c>1.2s</c>.</summary>
    internal static string Milliseconds(TimeSpan? time)
    {
        if (time is not { TotalMilliseconds: var milliseconds })
        {
            return "";
        }
        return milliseconds >= 1000 ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.##}s")
            : milliseconds >= 100 ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0}ms")
            : milliseconds >= 10 ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.#}ms")
            : milliseconds >= 0.1 ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.##}ms")
            : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.###}ms");
    }

    /// <summary>A long time: <c>42s</c>, <c>5m07s</c>, <c>3h05m</c>, <c>12d03h</c>.</summary>
    internal static string Age(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.TotalSeconds):0}s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}m{time.Seconds:00}s"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Hours}h{time.Minutes:00}m"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays}d{time.Hours:00}h"),
    };

    /// <summary>Seconds as they are typed.</summary>
    internal static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
