using System.Management.Automation;
using XTrace.Flows;

namespace XTrace.PowerShell;

/// <summary>
/// Chooses the table that suits a sample. Its objects get a type name of their own, by which XTrace.Format.ps1xml finds the table. All
/// objects of a sample get the same name, as PowerShell shows them all in the table of the first. Columns have fixed widths: with others
/// PowerShell would hold each sample back until the next one begins.
/// </summary>
internal static class TableView
{
    /// <summary>So many objects are looked at before the first is shown.</summary>
    private const int LookAhead = 1000;

    private const int AddressColumn = 21;

    /// <summary>Columns that the tables with room for IPv6 addresses take.</summary>
    private const int WideTable = 120;

    /// <summary>Flows, in a table with room for IPv6 addresses if one needs it.</summary>
    internal static IEnumerable<object> Choose(IEnumerable<FlowStat> flows, bool hasDetail) =>
        Choose(flows, hasDetail ? "Detail" : "", flow =>
            FlowEndpoints.Endpoint(flow.SourceAddress, flow.SourcePort).Length > AddressColumn
            || FlowEndpoints.Endpoint(flow.DestinationAddress, flow.DestinationPort).Length > AddressColumn);

    /// <summary>Queue pairs, likewise.</summary>
    internal static IEnumerable<object> Choose(IEnumerable<RdmaQueuePair> queuePairs) =>
        Choose(queuePairs, "", pair => IsIPv6(pair.LocalAddress) || IsIPv6(pair.RemoteAddress));

    /// <summary>PowerShell formats for the terminal's width, and without a terminal for 80 columns.</summary>
    private static bool HasRoom => Console.WindowWidth >= WideTable;

    private static bool IsIPv6(string? address) => address?.Contains(':', StringComparison.Ordinal) == true;

    private static IEnumerable<object> Choose<T>(IEnumerable<T> sample, string view, Predicate<T> isWide)
        where T : notnull
    {
        using IEnumerator<T> rest = sample.GetEnumerator();
        List<T> first = [];
        while (first.Count < LookAhead && rest.MoveNext())
        {
            first.Add(rest.Current);
        }
        string name = HasRoom && first.Exists(isWide) ? $"{view}IPv6" : view;
        foreach (T item in first)
        {
            yield return Named(item, name);
        }
        while (rest.MoveNext())
        {
            yield return Named(rest.Current, name);
        }
    }

    private static object Named<T>(T item, string name)
        where T : notnull
    {
        if (name.Length == 0)
        {
            return item;
        }
        PSObject named = new(item);
        named.TypeNames.Insert(0, $"{typeof(T)}#{name}");
        return named;
    }
}
