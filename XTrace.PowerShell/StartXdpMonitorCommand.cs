using System.Management.Automation;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>Starts monitors that live in the kernel until they are stopped.</summary>
[Cmdlet(VerbsLifecycle.Start, "XdpMonitor", SupportsShouldProcess = true)]
[OutputType(typeof(XdpMonitor))]
public sealed class StartXdpMonitorCommand : AttachCommand
{
    /// <summary>Restart a monitor that is already there, counting from zero.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (NetInterface target in Resolve(InterfaceAlias))
        {
            if (ShouldProcess(target.Name, "Start XDP monitor"))
            {
                TryFor(target.Name, () =>
                {
                    XdpMonitor monitor = MonitorStore.Start(target.Name, Options, Force, WriteVerbose);
                    WarnIfGeneric(target.Name, monitor.Hook);
                    WriteObject(monitor);
                });
            }
        }
    }
}
