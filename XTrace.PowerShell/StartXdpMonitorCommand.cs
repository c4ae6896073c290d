using System.Management.Automation;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>
/// Starts monitors that live in the kernel until they are stopped. All interfaces that one command names share a flow table, if they
/// keep the same flows.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StartXdpMonitorCommand : AttachCommand
{
    private readonly List<(NetInterface Target, FlowDirection Direction, MonitorOptions Options)> _targets = [];

    /// <summary>
    /// The flows to keep: a FlowFilter, or a hashtable with what Get-FlowStat's parameters TrafficType, Protocol, Address, Port
    /// and ExcludeDns take.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [FlowFilter]
    [ArgumentCompleter(typeof(FilterCompleter))]
    public FlowFilter? Filter { get; set; }

    /// <summary>Keep TCP flags, DSCP, ECN and frame sizes of each flow, for Get-FlowStat -Detail to show.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public SwitchParameter Detail { get; set; }

    /// <summary>Restart a monitor that is already there, counting from zero.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override void Process()
    {
        MonitorOptions options = new()
        {
            Mode = AttachMode,
            Direction = Direction,
            MaxFlow = MaxFlow,
            Promiscuous = Promiscuous,
            Detail = Detail,
            Filter = Filter ?? new FlowFilter(),
        };
        if (!TryFor(MaxFlow, () => Check(options)))
        {
            return;
        }
        foreach (NetInterface target in Resolve(InterfaceAlias))
        {
            foreach (FlowDirection direction in options.Directions)
            {
                if (_targets.TrueForAll(known => known.Target.Index != target.Index || known.Direction != direction)
                    && ShouldProcess($"{target.Name} ({direction})", CmdletMessages.StartMonitor.Text()))
                {
                    _targets.Add((target, direction, options));
                }
            }
        }
    }

    /// <inheritdoc/>
    private protected override void End()
    {
        HashSet<int> started = [];
        foreach (var group in _targets.GroupBy(wanted =>
            (wanted.Options.Mode, wanted.Options.MaxFlow, wanted.Options.Detail, Filter: $"{wanted.Options.Filter}")))
        {
            TryFor(string.Join(", ", group.Select(wanted => wanted.Target.Name).Distinct()), () => Start([.. group], started));
        }
        if (started.Count > 0)
        {
            TryFor(started, () => StackedInterfaces.Report(MonitorStore.ListRunning(), started, Report));
        }
    }

    private static void Check(MonitorOptions options)
    {
        options.Check();
        _ = FilterCompiler.Compile(options.Filter);
    }

    private void Start(IReadOnlyList<(NetInterface Target, FlowDirection Direction, MonitorOptions Options)> group, HashSet<int> started)
    {
        IReadOnlyList<(NetInterface, FlowDirection)> targets = [.. group.Select(wanted => (wanted.Target, wanted.Direction))];
        foreach (XdpMonitor monitor in MonitorStore.Start(targets, group[0].Options, Force, Report))
        {
            started.Add(monitor.InterfaceIndex);
            if (AttachMode == AttachMode.Auto && monitor.Hook == MonitorHook.XdpGeneric)
            {
                Report(new Notice(NoticeLevel.Warning, FlowMessages.GenericXdp, monitor.InterfaceAlias, monitor.InterfaceAlias));
            }
            WriteObject(monitor);
        }
    }
}
