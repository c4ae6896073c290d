using System.Globalization;

namespace XTrace.PowerShell;

/// <summary>What the views show instead of bare numbers. Independent of the culture; properties stay as they are.</summary>
public static class ViewFormat
{
    /// <summary>Bytes with a binary prefix, IEC 80000-13: <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => Quantity.Bytes(bytes);

    /// <summary>Bytes a second as bits a second with a decimal prefix, as networks are rated: <c>9.41 Gbit/s</c>.</summary>
    public static string BitRate(double bytesPerSecond) => Quantity.BitRate(bytesPerSecond);

    /// <summary>The time of a day: <c>17:04:05</c>.</summary>
    public static string Time(DateTime time) => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The day of a year, and the time of that day: <c>11-25 17:04</c>.</summary>
    public static string Day(DateTime? time) => time?.ToString("MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "";

    /// <summary>The way frames go, in tcpdump's words, which are short.</summary>
    public static string Direction(FlowDirection direction) => direction == FlowDirection.Ingress ? "In" : "Out";

    /// <summary>An address with its port.</summary>
    public static string Endpoint(string address, ushort? port)
    {
        ArgumentNullException.ThrowIfNull(address);
        return port is not { } number ? address
            : address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{number}"
            : $"{address}:{number}";
    }

    /// <summary>
    /// A flow's destination with what tells it from others between the same addresses: <c>10.0.0.2:443</c>,
    /// <c>10.0.0.2 qp 0x12</c> for RoCE, <c>10.0.0.2 type 8</c> for ICMP (<c>type 3/1</c> with code 1), <c>10.0.0.2 frag</c> for later fragments.
    /// </summary>
    public static string Destination(string address, ushort? port, uint? queuePair, byte? icmpType, byte? icmpCode, bool isFragment) =>
        queuePair is { } pair ? $"{address} qp 0x{pair:x}"
        : icmpType is { } type ? icmpCode is null or 0 ? $"{address} type {type}" : $"{address} type {type}/{icmpCode}"
        : isFragment ? $"{address} frag"
        : Endpoint(address, port);

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
        string text = value is not { } number ? "" : unit == RdmaCounterUnit.Bytes ? Bytes(number) : number.ToString(CultureInfo.InvariantCulture);
        return status is null or RdmaCounterStatus.Ok ? text : $"{text} {status}".TrimStart();
    }

    /// <summary>A counter's rate: bytes as bits a second, all else as it counts.</summary>
    public static string Rate(double? perSecond, RdmaCounterUnit unit) =>
        perSecond is not { } rate ? ""
        : unit == RdmaCounterUnit.Bytes ? BitRate(rate)
        : Quantity.Rate(rate);
}
