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

    /// <summary>Who may not read monitors, nor stop them, may still ask with -WhatIf which these are.</summary>
    private protected override IEnumerable<XdpMonitor> List()
    {
        try
        {
            return base.List();
        }
        catch (XTraceException error) when (error.Kind == XTraceErrorKind.PermissionDenied && MonitorStore.ListUnread() is { Count: > 0 } unread)
        {
            return unread;
        }
    }

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
