using System.Management.Automation;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>
/// Emits flows: at once from a monitor that runs, or over measured intervals. An interface without a monitor gets one
/// for as long as the command runs.
/// </summary>
[Cmdlet(VerbsCommon.Get, "FlowStat", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(FlowStat))]
public sealed class GetFlowStatCommand : AttachCommand, IDisposable
{
    private const string SampleSet = "Sample";
    private const string ContinuousSet = "Continuous";

    private readonly List<FlowWatch> _watches = [];
    private readonly List<(NetInterface Interface, FlowDirection? Directions)> _targets = [];
    private readonly SampleClock _clock = new();

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

    /// <summary>Only the n greatest of each interface in each sample, greatest first.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Top { get; set; } = int.MaxValue;

    /// <summary>What -Top goes by; without it, what all flows are ordered by, greatest first.</summary>
    [Parameter]
    public FlowOrder By { get; set; }

    /// <summary>Seconds between samples; 0.1 to 86,400.</summary>
    [Parameter]
    [ValidateRange(0.1, 86400.0)]
    public double SampleInterval { get; set; } = 5;

    /// <summary>How many samples.</summary>
    [Parameter(ParameterSetName = SampleSet)]
    [ValidateRange(1L, long.MaxValue)]
    public long MaxSamples { get; set; } = 1;

    /// <summary>Sample until stopped.</summary>
    [Parameter(ParameterSetName = ContinuousSet, Mandatory = true)]
    public SwitchParameter Continuous { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // Where nobody says which, a monitor that runs does.
        FlowDirection? directions = IsBound(nameof(Direction)) ? Direction : null;
        foreach (NetInterface target in Resolve(InterfaceAlias))
        {
            int known = _targets.FindIndex(one => one.Interface.Index == target.Index);
            if (known < 0)
            {
                _targets.Add((target, directions));
            }
            else
            {
                _targets[known] = (target, _targets[known].Directions | directions);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            Open();
            if (!Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples)))
            {
                // Nobody asks for intervals: a monitor that already counts can answer at once.
                Emit(_watches.FindAll(watch => !watch.IsOwn));
                _watches.RemoveAll(Finished(watch => !watch.IsOwn));
            }
            SampleAll();
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _clock.Stop();

    /// <summary>Detaches what this command attached; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose()
    {
        _watches.ForEach(watch => watch.Dispose());
        _watches.Clear();
        _clock.Dispose();
    }

    private void Open()
    {
        FlowFilter filter = ReadFilter();
        foreach ((NetInterface target, FlowDirection? directions) in _targets)
        {
            TryFor(target.Name, () => _watches.AddRange(FlowWatch.Open(target, directions, Options, filter, WriteVerbose)));
        }
        foreach (FlowWatch watch in _watches.Where(watch => watch.IsOwn))
        {
            WarnIfGeneric(watch.Target.Name, watch.Hook);
        }
        HashSet<int> watched = [.. _watches.Select(watch => watch.Target.Index)];
        WarnIfStacked(() => watched, watched);
    }

    private bool IsBound(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    private static Predicate<FlowWatch> Finished(Predicate<FlowWatch> isFinished) => watch =>
    {
        bool finished = isFinished(watch);
        if (finished)
        {
            watch.Dispose();
        }
        return finished;
    };

    private FlowFilter ReadFilter()
    {
        try
        {
            return new FlowFilter
            {
                TrafficTypes = TrafficType ?? [],
                Protocols = Protocol ?? [],
                Networks = [.. (Address ?? []).Select(FlowFilter.ParseNetwork)],
                Ports = Port ?? [],
                ExcludeDns = ExcludeDns,
            };
        }
        catch (XTraceException error)
        {
            ThrowTerminatingError(ErrorRecords.Of(error));
            throw;
        }
    }

    private void SampleAll()
    {
        // A baseline, so that the first rates are the first interval's.
        Sample(_watches.FindAll(watch => !watch.IsOwn));
        if (_watches.Count > 0)
        {
            string names = string.Join(", ", _targets.Select(one => one.Interface.Name));
            _clock.Run(this, new SamplePlan("Watching flows", names, SampleInterval, Continuous ? null : MaxSamples), () =>
            {
                Emit(_watches);
                return _watches.Count > 0;
            });
        }
    }

    private void Emit(List<FlowWatch> watches)
    {
        bool ordered = IsBound(nameof(Top)) || IsBound(nameof(By));
        foreach (FlowWatch watch in Sample(watches))
        {
            foreach (FlowStat flow in ordered ? watch.Top(Top, By) : watch.Flows())
            {
                WriteObject(flow);
            }
        }
    }

    /// <summary>Reads all of them first, so that their samples are of one moment; one that fails is left out from then on.</summary>
    private List<FlowWatch> Sample(List<FlowWatch> watches)
    {
        List<FlowWatch> failed = watches.FindAll(watch => !TryFor(watch, watch.Sample));
        _watches.RemoveAll(Finished(failed.Contains));
        return watches.FindAll(watch => !failed.Contains(watch));
    }
}
