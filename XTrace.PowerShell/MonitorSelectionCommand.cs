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
    [OneOf<FlowDirection>]
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
        List<XdpMonitor> monitors = all.FindAll(monitor => Direction.HasFlag(monitor.Direction));
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<XdpMonitor> matches = pattern.Choose(monitors, monitor => monitor.InterfaceAlias);
            if (matches.Count == 0 && pattern.IsExact && Choose(pattern) is [var other, ..])
            {
                // It may be another name of an interface that has a monitor.
                matches = monitors.FindAll(monitor => monitor.InterfaceIndex == other.Index);
            }
            if (matches.Count == 0 && pattern.IsExact)
            {
                WriteError(ErrorRecords.From(NotFound(pattern, all)));
            }
            foreach (XdpMonitor match in matches)
            {
                yield return match;
            }
        }
    }

    private XTraceException NotFound(NamePattern pattern, List<XdpMonitor> all)
    {
        string name = pattern.Name!;
        bool isInterface = Choose(pattern).Count > 0;
        bool isMonitored = all.Exists(monitor => pattern.IsMatch(monitor.InterfaceAlias));
        string there = string.Join(", ", all.Select(monitor => $"{monitor.InterfaceAlias} ({monitor.Direction})"));
        return !isInterface && !isMonitored ? NoSuchInterface(name, there)
            : all.Count == 0 ? new XTraceException(FlowMessages.NoMonitors, name, name)
            : new XTraceException(isMonitored ? FlowMessages.MonitorNotFound : FlowMessages.MonitorNotFoundYet, name, name, there);
    }

    private static XTraceException NoSuchInterface(string name, string monitors)
    {
        string interfaces = string.Join(", ", NetInterfaces.List().Select(target => target.Name));
        return monitors.Length == 0
            ? new XTraceException(FlowMessages.NeitherInterfaceNorMonitors, name, name, interfaces)
            : new XTraceException(FlowMessages.NeitherInterfaceNorMonitor, name, name, interfaces, monitors);
    }
}
