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

    /// <summary>What to count: what arrives, what leaves, or both, each by itself.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet(nameof(FlowDirection.Ingress), nameof(FlowDirection.Egress), nameof(FlowDirection.Both))]
    public FlowDirection Direction { get; set; } = FlowDirection.Ingress;

    /// <summary>Flows that each CPU can hold, in each direction: a power of two.</summary>
    [Parameter]
    public int MaxFlow { get; set; } = MonitorOptions.DefaultMaxFlow;

    private protected MonitorOptions Options => new() { Mode = AttachMode, Direction = Direction, MaxFlow = MaxFlow };

    /// <summary>Nobody asked for the hook that cannot always be exact.</summary>
    private protected void WarnIfGeneric(string name, MonitorHook hook)
    {
        if (AttachMode == AttachMode.Auto && hook == MonitorHook.XdpGeneric)
        {
            WriteWarning($"{name}: other hooks were refused (-Verbose says why), using generic XDP, which counts frames that the kernel merged as one.");
        }
    }

    /// <summary>Whoever adds up all flows would count some packets twice.</summary>
    /// <param name="watched">Indexes of all interfaces that are watched.</param>
    /// <param name="added">Indexes of those that this command watches.</param>
    private protected void WarnIfStacked(Func<IReadOnlySet<int>> watched, IReadOnlySet<int> added) => TryFor(added, () =>
    {
        foreach ((NetInterface upper, NetInterface lower) in StackedInterfaces.Among(NetInterfaces.List(), watched()))
        {
            if (added.Contains(upper.Index) || added.Contains(lower.Index))
            {
                WriteWarning($"{upper.Name} stands on {lower.Name}: packets that go through both are counted on both.");
            }
        }
    });
}
