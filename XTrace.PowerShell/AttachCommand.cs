using System.Management.Automation;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>What the cmdlets share that may attach a monitor: where, and how.</summary>
public abstract class AttachCommand : XTraceCommand
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

    private protected MonitorOptions Options => new() { Mode = AttachMode, MaxFlow = MaxFlow };

    /// <summary>Nobody asked for the hook that cannot always be exact.</summary>
    private protected void WarnIfGeneric(string name, MonitorHook hook)
    {
        if (AttachMode == AttachMode.Auto && hook == MonitorHook.XdpGeneric)
        {
            WriteWarning($"{name}: native XDP was refused (-Verbose says why), using generic XDP, which counts frames that the kernel merged as one.");
        }
    }
}
