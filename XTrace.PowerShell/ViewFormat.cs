using System.Globalization;

namespace XTrace.PowerShell;

/// <summary>The texts that views show in place of bare numbers. Independent of the culture; properties stay as they are.</summary>
public static class ViewFormat
{
    /// <summary>Bytes with a binary prefix, IEC 80000-13: <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => Quantity.Bytes(bytes);

    /// <summary>Packets, in nine columns: in full, from 1,000 million on with a decimal prefix.</summary>
    public static string Packets(ulong packets) =>
        packets < 1_000_000_000 ? packets.ToString(CultureInfo.InvariantCulture) : Quantity.Count(packets);

    /// <summary>Bits a second with a decimal prefix, as networks are rated: <c>9.41 Gbit/s</c>.</summary>
    public static string BitRate(double bitsPerSecond) => Quantity.BitRate(bitsPerSecond / 8);

    /// <summary>The time of a day: <c>17:04:05</c>.</summary>
    public static string Time(DateTime time) => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A sample's number and time: <c>2, 17:04:05</c>.</summary>
    public static string Sample(long number, DateTime time) => string.Create(CultureInfo.InvariantCulture, $"{number}, {Time(time)}");

    /// <summary>
    /// Where counters are: <c>mlx5_0/1 (eth0)</c>, <c>mlx5_0/1 (eth0, a guess)</c>, or the device alone for those of all its
    /// ports. From the second sample on with its number, so that each sample's table has a heading. PowerShell hands over
    /// null as an empty text.
    /// </summary>
    public static string RdmaPlace(string device, int? port, string? interfaceAlias, RdmaInterfaceMethod? foundBy, long sample)
    {
        string guess = foundBy == RdmaInterfaceMethod.PciFunction ? ", a guess" : "";
        string place = port is not { } number ? $"{device}, the device as a whole"
            : string.IsNullOrEmpty(interfaceAlias) ? $"{device}/{number}"
            : $"{device}/{number} ({interfaceAlias}{guess})";
        return sample > 1 ? $"{place}, sample {sample}" : place;
    }

    /// <summary>A counter's value; where there is none, why.</summary>
    public static string Count(ulong? value, RdmaCounterUnit unit, RdmaCounterStatus? status)
    {
        string text = value is not { } number ? ""
            : unit == RdmaCounterUnit.Bytes ? Bytes(number)
            : number.ToString(CultureInfo.InvariantCulture);
        return status is null or RdmaCounterStatus.Ok ? text : $"{text} {status}".TrimStart();
    }

    /// <summary>A counter's rate: of bytes bits a second, of all else as it counts.</summary>
    public static string Rate(double? rateOrNull, RdmaCounterUnit unit) =>
        rateOrNull is not { } rate ? ""
        : unit == RdmaCounterUnit.Bytes ? BitRate(rate)
        : Quantity.Rate(rate);

    /// <summary>A time in milliseconds, to a microsecond; nothing where there is none.</summary>
    public static string Milliseconds(TimeSpan? time) =>
        time is { } value ? $"{value.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture)} ms" : "";

    /// <summary>Bits a second; nothing where there are none.</summary>
    public static string DeliveryRate(double? bitsPerSecond) => bitsPerSecond is { } rate ? Quantity.BitRate(rate / 8) : "";
}
