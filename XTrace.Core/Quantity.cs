using System.Globalization;

namespace XTrace;

/// <summary>Numbers for people, with a prefix. Independent of the culture.</summary>
internal static class Quantity
{
    private static readonly string[] s_binaryPrefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] s_decimalPrefixes = ["", "k", "M", "G", "T", "P", "E"];

    /// <summary>Bytes with a binary prefix, IEC 80000-13: <c>1.5 MiB</c>.</summary>
    internal static string Bytes(double bytes) => Scale(bytes, 1024, s_binaryPrefixes, "B");

    /// <summary>Bytes a second as bits a second with a decimal prefix, as networks are rated: <c>9.41 Gbit/s</c>.</summary>
    internal static string BitRate(double bytesPerSecond) => Scale(bytesPerSecond * 8, 1000, s_decimalPrefixes, "bit/s");

    /// <summary>A number of anything, with a decimal prefix: <c>1.23 G</c>.</summary>
    internal static string Count(double count) => Scale(count, 1000, s_decimalPrefixes, "");

    /// <summary>Anything a second, with a decimal prefix: <c>0.2 /s</c>, <c>1.2 k/s</c>.</summary>
    internal static string Rate(double perSecond) => Scale(perSecond, 1000, s_decimalPrefixes, "/s", "0.##");

    private static string Scale(double value, double step, string[] prefixes, string unit, string unscaled = "0")
    {
        int prefix = 0;
        // What would round up to the next prefix already belongs to it.
        while (value >= step - 0.5 && prefix < prefixes.Length - 1)
        {
            value /= step;
            prefix++;
        }
        // Up to four digits, however large, so that columns can be narrow.
        string format = prefix == 0 ? unscaled : value >= 1000 ? "0" : value >= 100 ? "0.#" : "0.##";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {prefixes[prefix]}{unit}";
    }
}
