using System.Collections;
using System.Management.Automation;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>Starts monitors that live in the kernel until they are stopped.</summary>
[Cmdlet(VerbsLifecycle.Start, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StartXdpMonitorCommand : AttachCommand
{
    private readonly HashSet<int> _started = [];
    private FlowFilter _filter = new();

    /// <summary>The flows to keep, by what Get-FlowStat's parameters of the same names take: TrafficType, Protocol, Address, Port, ExcludeDns.</summary>
    [Parameter]
    public Hashtable? Filter { get; set; }

    /// <summary>Restart a monitor that is already there, counting from zero.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            _filter = FilterTable.Read(Filter);
            _ = FilterCompiler.Compile(_filter);
        }
        catch (XTraceException error)
        {
            ThrowTerminatingError(ErrorRecords.Of(error));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        MonitorOptions options = Options with { Filter = _filter };
        foreach (NetInterface target in Resolve(InterfaceAlias))
        {
            foreach (FlowDirection direction in options.Directions)
            {
                if (ShouldProcess($"{target.Name} ({direction})", "Start XDP monitor"))
                {
                    TryFor(target.Name, () => Start(target, direction, options));
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_started.Count > 0)
        {
            WarnIfStacked(() => MonitorStore.List().Select(one => one.InterfaceIndex).ToHashSet(), _started);
        }
    }

    private void Start(NetInterface target, FlowDirection direction, MonitorOptions options)
    {
        XdpMonitor monitor = MonitorStore.Start(target.Name, direction, options, Force, WriteVerbose);
        _started.Add(target.Index);
        WarnIfGeneric(target.Name, monitor.Hook);
        WriteObject(monitor);
    }
}
