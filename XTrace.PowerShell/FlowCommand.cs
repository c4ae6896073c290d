using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>What the cmdlets share that show flows: of which interfaces, and which flows.</summary>
public abstract class FlowCommand : AttachCommand
{
    /// <summary>Only flows of these types.</summary>
    [Parameter]
    public TrafficType[] TrafficType { get; set; } = [];

    /// <summary>Only flows of these IP protocols, by name or number.</summary>
    [Parameter]
    [ProtocolNumber]
    public IPProtocol[] Protocol { get; set; } = [];

    /// <summary>Only flows from or to these addresses or networks (CIDR).</summary>
    [Parameter]
    public string[] Address { get; set; } = [];

    /// <summary>Only flows from or to these ports.</summary>
    [Parameter]
    public ushort[] Port { get; set; } = [];

    /// <summary>Leave out UDP and TCP from or to port 53.</summary>
    [Parameter]
    public SwitchParameter ExcludeDns { get; set; }

    /// <summary>The interfaces, by name or wildcard, with the directions that are asked for on each; null where none are.</summary>
    private protected Dictionary<string, FlowDirection?> Targets { get; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Where nobody says which, a monitor that runs does.
        FlowDirection? directions = IsBound(nameof(Direction)) ? Direction : null;
        foreach (string name in InterfaceAlias)
        {
            Targets[name] = Targets.TryGetValue(name, out FlowDirection? known) ? known | directions : directions;
        }
    }

    private protected FlowFilter ReadFilter()
    {
        try
        {
            return new FlowFilter
            {
                TrafficType = TrafficType ?? [],
                Protocol = Protocol ?? [],
                Address = Address ?? [],
                Port = Port ?? [],
                ExcludeDns = ExcludeDns,
            };
        }
        catch (XTraceException error)
        {
            ThrowTerminatingError(ErrorRecords.Of(error));
            throw;
        }
    }
}
