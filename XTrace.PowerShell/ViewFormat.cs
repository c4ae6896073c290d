using System.Globalization;

namespace XTrace.PowerShell;

/// <summary>What the views show instead of bare numbers. Independent of the culture; properties stay as they are.</summary>
public static class ViewFormat
{
    private static readonly string[] s_binaryPrefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] s_decimalPrefixes = ["", "k", "M", "G", "T", "P", "E"];

    /// <summary>Bytes with a binary prefix, IEC 80000-13: <c>1.5 MiB</c>.</summary>
    public static string Bytes(double bytes) => Scale(bytes, 1024, s_binaryPrefixes, "B");

    /// <summary>Bytes a second as bits a second with a decimal prefix, as networks are rated: <c>9.41 Gbit/s</c>.</summary>
    public static string BitRate(double bytesPerSecond) => Scale(bytesPerSecond * 8, 1000, s_decimalPrefixes, "bit/s");

    /// <summary>What a flow carries, with what tells it from others of the same kind: <c>ICMP 8</c>, <c>UDP frag</c> for later fragments.</summary>
    public static string Type(TrafficType type, byte? icmpType, bool isFragment) =>
        isFragment ? $"{type} frag" : icmpType is { } number ? $"{type} {number}" : $"{type}";

    /// <summary>An address with its port, or with the queue pair that RoCE has at the destination.</summary>
    public static string Endpoint(string address, ushort? port, uint? queuePair)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (queuePair is { } pair)
        {
            return $"{address} qp 0x{pair:x}";
        }
        return port is not { } number ? address
            : address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{number}"
            : $"{address}:{number}";
    }

    private static string Scale(double value, double step, string[] prefixes, string unit)
    {
        int prefix = 0;
        // What would round up to the next prefix already belongs to it.
        while (value >= step - 0.5 && prefix < prefixes.Length - 1)
        {
            value /= step;
            prefix++;
        }
        string format = prefix == 0 ? "0" : "0.##";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {prefixes[prefix]}{unit}";
    }
}
