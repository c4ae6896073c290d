using System.Management.Automation;
using XTrace.Messages;
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

    /// <summary>The existing monitors, listed once for the whole pipeline.</summary>
    private List<XdpMonitor>? _all;

    /// <summary>All monitors.</summary>
    private protected virtual IEnumerable<XdpMonitor> List() => MonitorStore.List(withCounts: true);

    /// <summary>The monitors that names and wildcards mean. A name without a monitor is an error, written.</summary>
    private protected IEnumerable<XdpMonitor> Select(IEnumerable<string> names)
    {
        if (_all == null && !TryFor(string.Join(", ", names), () => _all = [.. List()]))
        {
            yield break;
        }
        List<XdpMonitor> all = _all!;
        List<XdpMonitor> monitors = all.FindAll(one => Direction.HasFlag(one.Direction));
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<XdpMonitor> matches = pattern.Choose(monitors, one => one.InterfaceAlias);
            if (matches.Count == 0 && pattern.IsExact && Choose(pattern) is [var other, ..])
            {
                // It may be another name of an interface that has a monitor.
                matches = monitors.FindAll(one => one.InterfaceIndex == other.Index);
            }
            if (matches.Count == 0 && pattern.IsExact)
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
        bool canStart = all.TrueForAll(one => one.InterfaceAlias != name) && NetInterfaces.List().Any(one => one.Name == name);
        string there = string.Join(", ", all.Select(one => $"{one.InterfaceAlias} ({one.Direction})"));
        return all.Count == 0
            ? new XTraceException(FlowMessages.NoMonitors, name, name, canStart ? name : "<interface>")
            : new XTraceException(canStart ? FlowMessages.MonitorNotFoundYet : FlowMessages.MonitorNotFound, name, name, there);
    }
}
