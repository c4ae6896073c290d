using System.Management.Automation;
using XTrace.Messages;
using XTrace.Monitors;

namespace XTrace.PowerShell;

/// <summary>Detaches monitors and removes their pins, in every state.</summary>
[Cmdlet(VerbsLifecycle.Stop, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StopXdpMonitorCommand : MonitorSelectionCommand
{
    private readonly List<XdpMonitor> _chosen = [];

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

    /// <summary>A user without the rights to read monitors can still ask with -WhatIf which there are.</summary>
    private protected override IEnumerable<XdpMonitor> List()
    {
        try
        {
            return MonitorStore.List(withCounts: PassThru);
        }
        catch (XTraceException error) when (
            error.Kind == XTraceErrorKind.PermissionDenied && MonitorStore.ListUnread() is { Count: > 0 } unread)
        {
            return unread;
        }
    }

    /// <inheritdoc/>
    private protected override void Process() =>
        _chosen.AddRange(Select(InterfaceAlias).Where(monitor =>
            !_chosen.Contains(monitor) && ShouldProcess(
                $"{monitor.InterfaceAlias} ({monitor.Direction})", CmdletMessages.StopMonitor.Text())));

    /// <inheritdoc/>
    private protected override void End()
    {
        if (_chosen.Count > 0)
        {
            TryFor(string.Join(", ", _chosen), () => MonitorStore.Stop(_chosen, Report, Emit));
        }
    }

    private void Emit(XdpMonitor stopped)
    {
        if (PassThru)
        {
            WriteObject(stopped);
        }
    }
}
