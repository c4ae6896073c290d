using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>The parameters of the cmdlets that show flows: interfaces and filters.</summary>
public abstract class FlowCommand : AttachCommand
{
    /// <summary>Only flows of these types.</summary>
    [Parameter]
    [OneOf<TrafficType>(IsList = true)]
    public TrafficType[] TrafficType { get; set; } = [];

    /// <summary>Only flows of these IP protocols, by name or number.</summary>
    [Parameter]
    [Protocol(IsList = true)]
    public IPProtocol[] Protocol { get; set; } = [];

    /// <summary>Only flows from or to these addresses or networks (CIDR).</summary>
    [Parameter]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public string[] Address { get; set; } = [];

    /// <summary>Only flows from or to these ports.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PortCompleter))]
    [Number<ushort>(0, ushort.MaxValue, IsList = true)]
    public ushort[] Port { get; set; } = [];

    /// <summary>Leave out UDP and TCP from or to port 53.</summary>
    [Parameter]
    public SwitchParameter ExcludeDns { get; set; }

    /// <summary>The interfaces, by name or wildcard, with the directions that are asked for on each; null where none are.</summary>
    private protected Dictionary<string, FlowDirection?> Targets { get; } = [];

    /// <inheritdoc/>
    private protected override void Process()
    {
        // Without -Direction, a running monitor decides.
        FlowDirection? directions = IsBound(nameof(Direction)) ? Direction : null;
        foreach (string name in InterfaceAlias)
        {
            Targets[name] = Targets.TryGetValue(name, out FlowDirection? known) ? known | directions : directions;
        }
    }

    /// <summary>The options of a session that the shared parameters give.</summary>
    private protected FlowSessionOptions Shared => new()
    {
        Interfaces = [.. Targets.Keys],
        DirectionsOf = Targets,
        Filter = ReadFilter(),
        AttachMode = AttachMode,
        MaxFlow = MaxFlow,
        Promiscuous = Promiscuous,
    };

    private FlowFilter ReadFilter()
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
            ThrowTerminatingError(ErrorRecords.From(error));
            throw;
        }
    }
}
