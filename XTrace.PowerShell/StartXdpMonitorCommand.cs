using System.Management.Automation;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>Starts monitors that live in the kernel until they are stopped.</summary>
[Cmdlet(VerbsLifecycle.Start, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StartXdpMonitorCommand : XTraceCommand
{
    /// <summary>The interfaces; without one NETWORK_INTERFACE, then eth0.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Interface", "ifAlias", "Name")]
    [ArgumentCompleter(typeof(InterfaceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] InterfaceAlias { get; set; } = [NetInterfaces.Default];

    /// <summary>Which hook to use.</summary>
    [Parameter]
    public AttachMode AttachMode { get; set; }

    /// <summary>Flows that each CPU can hold: a power of two.</summary>
    [Parameter]
    public int MaxFlow { get; set; } = MonitorOptions.DefaultMaxFlow;

    /// <summary>Restart a monitor that is already there, counting from zero.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        MonitorOptions options = new() { Mode = AttachMode, MaxFlow = MaxFlow };
        foreach (NetInterface target in Resolve(InterfaceAlias))
        {
            if (ShouldProcess(target.Name, "Start XDP monitor"))
            {
                TryFor(target.Name, () => WriteObject(MonitorStore.Start(target.Name, options, Force, WriteVerbose)));
            }
        }
    }
}
