using System.Management.Automation;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>Finds monitors by the names of their interfaces, of which some may not exist any more.</summary>
public abstract class MonitorSelectionCommand : XTraceCommand
{
    /// <summary>The monitors of which directions.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet(nameof(FlowDirection.Ingress), nameof(FlowDirection.Egress), nameof(FlowDirection.Both))]
    public FlowDirection Direction { get; set; } = FlowDirection.Both;

    /// <summary>All that there are.</summary>
    private protected virtual IEnumerable<XdpMonitor> List() => MonitorStore.List();

    /// <summary>The monitors that names and wildcards mean. A name without a monitor is an error, written.</summary>
    private protected IEnumerable<XdpMonitor> Select(IEnumerable<string> names)
    {
        List<XdpMonitor> all = [];
        if (!TryFor(string.Join(", ", names), () => all.AddRange(List())))
        {
            yield break;
        }
        List<XdpMonitor> monitors = all.FindAll(one => Direction.HasFlag(one.Direction));
        foreach (string name in names)
        {
            NamePattern pattern = new(NetInterfaces.List().FirstOrDefault(one => one.AlternativeNames.Contains(name))?.Name ?? name);
            IReadOnlyList<XdpMonitor> matches = pattern.Choose(monitors, one => one.InterfaceAlias);
            if (matches.Count == 0 && pattern.IsExact)
            {
                WriteError(ErrorRecords.Of(MonitorStore.OfAnotherUser(name, Direction) ?? NotFound(name, all)));
            }
            foreach (XdpMonitor match in matches)
            {
                yield return match;
            }
        }
    }

    private XTraceException NotFound(string name, List<XdpMonitor> all)
    {
        string there = all.Count == 0
            ? "There are none"
            : $"There are: {string.Join(", ", all.Select(one => $"{one.InterfaceAlias} ({one.Direction})"))}";
        bool canStart = all.TrueForAll(one => one.InterfaceAlias != name) && NetInterfaces.List().Any(one => one.Name == name);
        string advice = canStart ? $" Start one with: Start-XdpMonitor {name}" : all.Count == 0 ? " Start one with: Start-XdpMonitor <interface>" : "";
        string which = Direction == FlowDirection.Both ? "" : $" for {Direction}";
        return new XTraceException(
            "MonitorNotFound",
            XTraceErrorKind.NotFound,
            $"'{name}' has no monitor{which} in this network namespace. {there}.{advice}",
            name);
    }
}
