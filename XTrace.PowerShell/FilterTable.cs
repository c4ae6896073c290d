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
            TrafficTypes = Read<TrafficType[]>(table, "TrafficType") ?? [],
            Protocols = ReadProtocols(table),
            Networks = [.. (Read<string[]>(table, "Address") ?? []).Select(FlowFilter.ParseNetwork)],
            Ports = Read<ushort[]>(table, "Port") ?? [],
            ExcludeDns = ReadExcludeDns(table),
        };
    }

    /// <summary>PowerShell takes any text for true, "no" as well.</summary>
    private static bool ReadExcludeDns(Hashtable table) => Read<object>(table, "ExcludeDns") switch
    {
        null => false,
        string text when !bool.TryParse(text, out _) => throw Wrong($"The filter's ExcludeDns cannot be '{text}': use $true or $false.", text),
        string text => bool.Parse(text),
        object value => Convert<bool>(value, "ExcludeDns"),
    };

    private static IPProtocol[] ReadProtocols(Hashtable table) =>
        [.. (Read<object[]>(table, "Protocol") ?? []).Select(one => Convert<IPProtocol>(ProtocolNumberAttribute.Read(one), "Protocol"))];

    private static T? Read<T>(Hashtable table, string name)
    {
        object? value = table.Keys.Cast<object>().Where(key => name.Equals(key.ToString(), StringComparison.OrdinalIgnoreCase)).Select(key => table[key]).FirstOrDefault();
        return value == null ? default : Convert<T>(value, name);
    }

    private static T Convert<T>(object value, string name)
    {
        try
        {
            return LanguagePrimitives.ConvertTo<T>(value);
        }
        catch (PSInvalidCastException error)
        {
            throw Wrong($"The filter's {name} cannot be '{LanguagePrimitives.ConvertTo<string>(value)}'. {error.Message}", value);
        }
    }

    private static XTraceException Wrong(string message, object target) => new("InvalidFilter", XTraceErrorKind.InvalidArgument, message, target);
}
