using System.Management.Automation;
using XTrace.Monitors;

namespace XTrace.PowerShell;

/// <summary>Detaches monitors and removes what is left of them, whatever their state.</summary>
[Cmdlet(VerbsLifecycle.Stop, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StopXdpMonitorCommand : MonitorSelectionCommand
{
    /// <summary>The interfaces.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Interface", "ifAlias", "Name")]
    [ArgumentCompleter(typeof(InterfaceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] InterfaceAlias { get; set; } = [];

    /// <summary>Emit each monitor as it was just before it stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (XdpMonitor monitor in Select(InterfaceAlias))
        {
            if (ShouldProcess($"{monitor.InterfaceAlias} ({monitor.Direction})", "Stop XDP monitor")
                && TryFor(monitor.InterfaceAlias, () => MonitorStore.Stop(monitor))
                && PassThru)
            {
                WriteObject(monitor);
            }
        }
    }
}
