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
        List<XdpMonitor> monitors = [];
        if (!TryFor(string.Join(", ", names), () => monitors.AddRange(MonitorStore.List().Where(one => Direction.HasFlag(one.Direction)))))
        {
            yield break;
        }
        foreach (string name in names)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            bool wildcard = WildcardPattern.ContainsWildcardCharacters(name);
            string current = NetInterfaces.List().FirstOrDefault(one => one.AlternativeNames.Contains(name))?.Name ?? name;
            List<XdpMonitor> matches = monitors.FindAll(one => wildcard ? pattern.IsMatch(one.InterfaceAlias) : one.InterfaceAlias == current);
            if (matches.Count == 0 && !wildcard)
            {
                WriteError(ErrorRecords.Of(NotFound(name, monitors)));
            }
            foreach (XdpMonitor match in matches)
            {
                yield return match;
            }
        }
    }

    private static XTraceException NotFound(string name, List<XdpMonitor> monitors)
    {
        string there = monitors.Count == 0
            ? "There are none"
            : $"There are: {string.Join(", ", monitors.Select(one => one.InterfaceAlias).Distinct())}";
        return new XTraceException(
            "MonitorNotFound",
            XTraceErrorKind.NotFound,
            $"'{name}' has no monitor in this network namespace. {there}. Start one with: Start-XdpMonitor {name}",
            name);
    }
}
