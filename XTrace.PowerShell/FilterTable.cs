using System.Collections;
using System.Management.Automation;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>Reads a filter that was written as a hashtable, in the words of Get-FlowStat's parameters.</summary>
internal static class FilterTable
{
    internal static readonly string[] Keys = ["TrafficType", "Protocol", "Address", "Port", "ExcludeDns"];

    /// <exception cref="XTraceException">A key or a value is not known.</exception>
    internal static FlowFilter Read(Hashtable? table)
    {
        if (table == null)
        {
            return new FlowFilter();
        }
        foreach (object key in table.Keys)
        {
            if (!Keys.Contains(key.ToString(), StringComparer.OrdinalIgnoreCase))
            {
                throw new XTraceException(FilterMessages.UnknownKey, key, key, string.Join(", ", Keys));
            }
        }
        return new FlowFilter
        {
            TrafficType =
            [
                .. Read(table, "TrafficType")
                    .Select(value => Convert<TrafficType>(value, FilterMessages.WrongTrafficType, OneOfAttribute<TrafficType>.Names)),
            ],
            Protocol =
            [
                .. Read(table, "Protocol").Select(value => ProtocolAttribute.TryRead(value, out IPProtocol protocol)
                    ? protocol
                    : throw Wrong(FilterMessages.WrongProtocol, value, OneOfAttribute<IPProtocol>.Names)),
            ],
            Address = [.. Read(table, "Address").Select(value => $"{value}")],
            Port = [.. Read(table, "Port").Select(value => Convert<ushort>(value, FilterMessages.WrongPort))],
            ExcludeDns = ReadExcludeDns(table),
        };
    }

    /// <summary>PowerShell takes any text for true, "no" as well.</summary>
    private static bool ReadExcludeDns(Hashtable table) => Value(table, "ExcludeDns") switch
    {
        null => false,
        string text => bool.TryParse(text, out bool exclude) ? exclude : throw Wrong(FilterMessages.WrongExcludeDns, text),
        object value => Convert<bool>(value, FilterMessages.WrongExcludeDns),
    };

    private static object[] Read(Hashtable table, string name) => LanguagePrimitives.ConvertTo<object[]>(Value(table, name)) ?? [];

    private static object? Value(Hashtable table, string name) =>
        table.Keys.Cast<object>().Where(key => name.Equals(key.ToString(), StringComparison.OrdinalIgnoreCase))
            .Select(key => table[key]).FirstOrDefault();

    private static T Convert<T>(object value, Message wrong, string? known = null) =>
        LanguagePrimitives.TryConvertTo(value, out T converted) ? converted : throw Wrong(wrong, value, known);

    private static XTraceException Wrong(Message wrong, object value, string? known = null) =>
        new(wrong, value, LanguagePrimitives.ConvertTo<string>(value), known);
}
