using XTrace.Messages;

namespace XTrace.Net;

/// <summary>
/// Interfaces that stand on each other: a bond on its slaves, a bridge on its ports, a VLAN on its NIC. A packet goes through
/// both.
/// </summary>
internal static class StackedInterfaces
{
    /// <summary>Which of some interfaces stand on others of them, over any number of layers.</summary>
    /// <param name="all">All interfaces that there are.</param>
    /// <param name="chosen">Indexes of those to look at.</param>
    internal static IEnumerable<(NetInterface Upper, NetInterface Lower)> Among(IReadOnlyList<NetInterface> all, IReadOnlySet<int> chosen)
    {
        Dictionary<int, NetInterface> byIndex = all.ToDictionary(port => port.Index);
        ILookup<int, NetInterface> uppersOf = all
            .SelectMany(port => ((int Lower, NetInterface? Upper)[])
                [(port.Index, byIndex.GetValueOrDefault(port.Master)), (port.Lower, port)])
            .Where(pair => pair.Lower != 0 && pair.Upper != null)
            .ToLookup(pair => pair.Lower, pair => pair.Upper!);
        return all.Where(lower => chosen.Contains(lower.Index))
            .SelectMany(lower => Above(lower, uppersOf).Where(upper => chosen.Contains(upper.Index)), (lower, upper) => (upper, lower));
    }

    /// <summary>Warns of those that stand on each other: whoever adds up all flows would count some packets twice.</summary>
    /// <param name="watched">Indexes of all interfaces that are watched.</param>
    /// <param name="added">Indexes of those that were added just now.</param>
    /// <param name="report">Is told.</param>
    internal static void Report(IReadOnlySet<int> watched, IReadOnlySet<int> added, Action<Notice> report)
    {
        foreach ((NetInterface upper, NetInterface lower) in Among(NetInterfaces.List(), watched)
            .Where(pair => added.Contains(pair.Upper.Index) || added.Contains(pair.Lower.Index)))
        {
            report(new Notice(NoticeLevel.Warning, FlowMessages.Stacked, upper.Name, upper.Name, lower.Name));
        }
    }

    private static HashSet<NetInterface> Above(NetInterface lower, ILookup<int, NetInterface> uppersOf)
    {
        HashSet<NetInterface> found = [];
        Queue<NetInterface> next = new([lower]);
        while (next.TryDequeue(out NetInterface? current))
        {
            foreach (NetInterface upper in uppersOf[current.Index].Where(found.Add))
            {
                next.Enqueue(upper);
            }
        }
        return found;
    }
}
