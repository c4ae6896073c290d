using System.Management.Automation;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>The base of cmdlets that may attach a monitor: its parameters for hook and table.</summary>
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
    [OneOf<AttachMode>]
    public AttachMode AttachMode { get; set; }

    /// <summary>The directions to count: what arrives, what leaves, or both, each by itself.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [OneOf<FlowDirection>]
    [ValidateSet(nameof(FlowDirection.Ingress), nameof(FlowDirection.Egress), nameof(FlowDirection.Both))]
    public FlowDirection Direction { get; set; } = FlowDirection.Ingress;

    /// <summary>
    /// Lets the interfaces take frames for other hosts while they are watched. A bridge then shows what its ports exchange.
    /// </summary>
    [Parameter]
    public SwitchParameter Promiscuous { get; set; }

    /// <summary>Flows that the table has room for, on all interfaces together: 8 to 8,388,608.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Number<int>(MonitorOptions.MinMaxFlow, MonitorOptions.MaxMaxFlow, IsCheckedLater = true)]
    public int MaxFlow { get; set; } = MonitorOptions.DefaultMaxFlow;
}
