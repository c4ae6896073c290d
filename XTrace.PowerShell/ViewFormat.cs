using System.Globalization;

namespace XTrace.PowerShell;

/// <summary>What the views show instead of bare numbers. Independent of the culture; properties stay as they are.</summary>
public static class ViewFormat
{
    /// <summary>Bytes with a binary prefix, IEC 80000-13: <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => Quantity.Bytes(bytes);

    /// <summary>Bits a second with a decimal prefix, as networks are rated: <c>9.41 Gbit/s</c>.</summary>
    public static string BitRate(double bitsPerSecond) => Quantity.BitRate(bitsPerSecond / 8);

    /// <summary>The time of a day: <c>17:04:05</c>.</summary>
    public static string Time(DateTime time) => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A sample's number and time: <c>2, 17:04:05</c>.</summary>
    public static string Sample(long number, DateTime time) => string.Create(CultureInfo.InvariantCulture, $"{number}, {Time(time)}");

    /// <summary>Where a counter is: <c>mlx5_0/1 (eth0)</c>, or the device alone for one of all its ports.</summary>
    public static string RdmaPlace(string device, int? port, string? interfaceAlias) =>
        port is not { } number ? $"{device}, the device as a whole"
        : interfaceAlias is null ? $"{device}/{number}"
        : $"{device}/{number} ({interfaceAlias})";

    /// <summary>A counter's value; where there is none, why.</summary>
    public static string Count(ulong? value, RdmaCounterUnit unit, RdmaCounterStatus? status)
    {
        string text = value is not { } number ? "" : unit == RdmaCounterUnit.Bytes ? Bytes(number) : number.ToString(CultureInfo.InvariantCulture);
        return status is null or RdmaCounterStatus.Ok ? text : $"{text} {status}".TrimStart();
    }

    /// <summary>A counter's rate: of bytes bits a second, of all else as it counts.</summary>
    public static string Rate(double? rateOrNull, RdmaCounterUnit unit) =>
        rateOrNull is not { } rate ? ""
        : unit == RdmaCounterUnit.Bytes ? BitRate(rate)
        : Quantity.Rate(rate);
}
