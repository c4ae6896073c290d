using System.Collections;
using System.Management.Automation;
using XTrace.Flows;

namespace XTrace.PowerShell;

/// <summary>Reads a filter that was written as a hashtable, in the words of Get-FlowStat's parameters.</summary>
internal static class FilterTable
{
    private static readonly string[] s_keys = ["TrafficType", "Protocol", "Address", "Port", "ExcludeDns"];

    /// <exception cref="XTraceException">A key or a value is not known.</exception>
    internal static FlowFilter Read(Hashtable? table)
    {
        if (table == null)
        {
            return new FlowFilter();
        }
        foreach (object key in table.Keys)
        {
            if (!s_keys.Contains(key.ToString(), StringComparer.OrdinalIgnoreCase))
            {
                throw Wrong($"A filter has no '{key}'. Use {string.Join(", ", s_keys)}, as in @{{ TrafficType = 'TCP'; Port = 443 }}.", key);
            }
        }
        return new FlowFilter
        {
            TrafficType = [.. Read(table, "TrafficType").Select(one => Convert<TrafficType>(one, "TrafficType", $"use {Names<TrafficType>()}"))],
            Protocol = [.. Read(table, "Protocol").Select(one => Convert<IPProtocol>(ProtocolNumberAttribute.Read(one), "Protocol", $"use a number from 0 to 255, or {Names<IPProtocol>()}"))],
            Address = [.. Read(table, "Address").Select(one => $"{one}")],
            Port = [.. Read(table, "Port").Select(one => Convert<ushort>(one, "Port", "use numbers from 0 to 65535"))],
            ExcludeDns = ReadExcludeDns(table),
        };
    }

    /// <summary>PowerShell takes any text for true, "no" as well.</summary>
    private static bool ReadExcludeDns(Hashtable table) => Value(table, "ExcludeDns") switch
    {
        null => false,
        string text => bool.TryParse(text, out bool exclude) ? exclude : throw Wrong("ExcludeDns", text, "use $true or $false"),
        object value => Convert<bool>(value, "ExcludeDns", "use $true or $false"),
    };

    private static object[] Read(Hashtable table, string name) => LanguagePrimitives.ConvertTo<object[]>(Value(table, name)) ?? [];

    private static object? Value(Hashtable table, string name) =>
        table.Keys.Cast<object>().Where(key => name.Equals(key.ToString(), StringComparison.OrdinalIgnoreCase)).Select(key => table[key]).FirstOrDefault();

    private static T Convert<T>(object value, string name, string advice) =>
        LanguagePrimitives.TryConvertTo(value, out T converted) ? converted : throw Wrong(name, value, advice);

    private static string Names<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetNames<T>());

    private static XTraceException Wrong(string name, object value, string advice) =>
        Wrong($"The filter's {name} cannot be '{LanguagePrimitives.ConvertTo<string>(value)}': {advice}.", value);

    private static XTraceException Wrong(string message, object target) => new("InvalidFilter", XTraceErrorKind.InvalidArgument, message, target);
}
