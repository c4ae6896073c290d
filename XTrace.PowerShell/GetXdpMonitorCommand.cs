using System.Management.Automation;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>Shows the monitors of this network namespace, whatever their state.</summary>
[Cmdlet(VerbsCommon.Get, "XdpMonitor")]
[OutputType(typeof(XdpMonitor))]
public sealed class GetXdpMonitorCommand : MonitorSelectionCommand
{
    /// <summary>The interfaces; without one, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Interface", "ifAlias", "Name")]
    [ArgumentCompleter(typeof(InterfaceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] InterfaceAlias { get; set; } = ["*"];

    /// <inheritdoc/>
    private protected override void Process()
    {
        foreach (XdpMonitor monitor in Select(InterfaceAlias))
        {
            if (monitor.ProgramsBefore > 0)
            {
                string name = monitor.InterfaceAlias;
                Report(new Notice(
                    NoticeLevel.Warning, FlowMessages.ProgramsBefore, name, name, monitor.Direction, monitor.ProgramsBefore));
            }
            WriteObject(monitor);
        }
    }
}
