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

    /// <summary>The monitors that names and wildcards mean. A name without a monitor is an error, written.</summary>
    private protected IEnumerable<XdpMonitor> Select(IEnumerable<string> names)
    {
        List<XdpMonitor> all = [];
        if (!TryFor(string.Join(", ", names), () => all.AddRange(MonitorStore.List())))
        {
            yield break;
        }
        List<XdpMonitor> monitors = all.FindAll(one => Direction.HasFlag(one.Direction));
        foreach (string name in names)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            bool wildcard = WildcardPattern.ContainsWildcardCharacters(name);
            string current = NetInterfaces.List().FirstOrDefault(one => one.AlternativeNames.Contains(name))?.Name ?? name;
            List<XdpMonitor> matches = monitors.FindAll(one => wildcard ? pattern.IsMatch(one.InterfaceAlias) : one.InterfaceAlias == current);
            if (matches.Count == 0 && !wildcard)
            {
                WriteError(ErrorRecords.Of(NotFound(name, all)));
            }
            foreach (XdpMonitor match in matches)
            {
                yield return match;
            }
        }
    }

    private static XTraceException NotFound(string name, List<XdpMonitor> all)
    {
        string there = all.Count == 0
            ? "There are none"
            : $"There are: {string.Join(", ", all.Select(one => $"{one.InterfaceAlias} ({one.Direction})"))}";
        bool canStart = all.TrueForAll(one => one.InterfaceAlias != name) && NetInterfaces.List().Any(one => one.Name == name);
        return new XTraceException(
            "MonitorNotFound",
            XTraceErrorKind.NotFound,
            $"'{name}' has no such monitor in this network namespace. {there}.{(canStart ? $" Start one with: Start-XdpMonitor {name}" : "")}",
            name);
    }
}
