using System.Management.Automation;
using XTrace.Flows;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>
/// Emits flows: at once from a monitor that runs, or over measured intervals. An interface without a monitor gets one
/// for as long as the command runs.
/// </summary>
[Cmdlet(VerbsCommon.Get, "FlowStat", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(FlowStat))]
public sealed class GetFlowStatCommand : FlowCommand, IDisposable
{
    private const string SampleSet = "Sample";
    private const string ContinuousSet = "Continuous";

    private readonly Lock _stopping = new();
    private FlowSession? _session;
    private bool _isStopped;

    /// <summary>Only the n greatest of each interface in each sample, greatest first.</summary>
    [Parameter]
    [Number<int>(1, int.MaxValue)]
    public int Top { get; set; } = int.MaxValue;

    /// <summary>The property that -Top compares. Without -Top, it orders all flows, largest first.</summary>
    [Parameter]
    [OneOf<FlowOrder>]
    public FlowOrder By { get; set; }

    /// <summary>Only flows that were seen within this many seconds. Without it, also flows that are over.</summary>
    [Parameter]
    [Number<double>(0.001, 4e6)]
    public double ActiveWithin { get; set; }

    /// <summary>
    /// Tell process, container and the state of TCP as well. -ProcessName, -ProcessId and -Container ask for that by themselves.
    /// </summary>
    [Parameter]
    public SwitchParameter Detail { get; set; }

    /// <summary>Only flows of processes of these names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ProcessNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] ProcessName { get; set; } = [];

    /// <summary>Only flows of these processes.</summary>
    [Parameter]
    [Number<int>(1, int.MaxValue, IsList = true)]
    public int[] ProcessId { get; set; } = [];

    /// <summary>Only flows of containers whose id begins with this, or of these systemd units.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ContainerCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Container { get; set; } = [];

    /// <summary>Seconds between samples; 0.1 to 86,400.</summary>
    [Parameter]
    [Number<double>(0.1, 86400.0)]
    public double SampleInterval { get; set; } = 5;

    /// <summary>How many samples.</summary>
    [Parameter(ParameterSetName = SampleSet)]
    [Number<long>(1, long.MaxValue)]
    public long MaxSamples { get; set; } = 1;

    /// <summary>Sample until stopped.</summary>
    [Parameter(ParameterSetName = ContinuousSet, Mandatory = true)]
    public SwitchParameter Continuous { get; set; }

    /// <inheritdoc/>
    private protected override void End()
    {
        try
        {
            if (TryFor(string.Join(", ", Targets.Keys), Open))
            {
                SampleAll(_session!);
            }
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        lock (_stopping)
        {
            _isStopped = true;
            _session?.Stop();
        }
    }

    /// <summary>Detaches what this command attached; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose()
    {
        lock (_stopping)
        {
            _session?.Dispose();
            _session = null;
        }
    }

    /// <summary>Whether nobody asks for intervals: a monitor that already counts can answer at once.</summary>
    private bool WantsAnswerAtOnce => !Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples));

    private OwnerFilter Owner => new() { ProcessName = ProcessName ?? [], ProcessId = ProcessId ?? [], Container = Container ?? [] };

    private void Open()
    {
        FlowSession session = new(
            Shared with
            {
                Directions = IsBound(nameof(Direction)) ? Direction : null,
                Interval = TimeSpan.FromSeconds(SampleInterval),
                ReadEnds = !WantsAnswerAtOnce,
                Detail = Detail,
                Owner = Owner,
            },
            Report);
        lock (_stopping)
        {
            _session = session;
            if (_isStopped)
            {
                session.Stop();
            }
        }
        session.Open(fromNow: !WantsAnswerAtOnce);
    }

    private void SampleAll(FlowSession session)
    {
        if (WantsAnswerAtOnce && session.ReadsMonitors)
        {
            Emit(session.SampleMonitors());
        }
        if (session.IsOver || (WantsAnswerAtOnce && !session.WatchesAnything))
        {
            return;
        }
        long? samples = Continuous ? null : MaxSamples;
        SampleProgress progress = new(
            this, CmdletMessages.WatchingFlows, string.Join(", ", Targets.Keys), TimeSpan.FromSeconds(SampleInterval), samples);
        for (long taken = 0; taken != samples && !session.IsOver && session.Wait(SampleProgress.Step, progress.Tick); taken++)
        {
            if (taken + 1 == samples)
            {
                progress.Complete();
            }
            Emit(session.Sample());
        }
    }

    private void Emit(FlowSample sample)
    {
        TimeSpan? within = IsBound(nameof(ActiveWithin)) ? TimeSpan.FromSeconds(ActiveWithin) : null;
        bool isOrdered = IsBound(nameof(Top)) || IsBound(nameof(By));
        IEnumerable<FlowStat> flows = isOrdered ? sample.Top(Top, By, within) : sample.Flows(within);
        foreach (object shown in TableView.Choose(flows, HasDetail))
        {
            WriteObject(shown);
        }
        sample.ReportGaps();
    }

    private bool HasDetail => Detail || !Owner.IsEmpty;
}
