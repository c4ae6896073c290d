using System.Management.Automation;
using XTrace.Flows;

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
    [ValidateRange(1, int.MaxValue)]
    public int Top { get; set; } = int.MaxValue;

    /// <summary>What -Top goes by; without it, what all flows are ordered by, greatest first.</summary>
    [Parameter]
    public FlowOrder By { get; set; }

    /// <summary>Only flows of which something was seen within so many seconds; without it, also those that are over.</summary>
    [Parameter]
    [ValidateRange(0.001, 4e6)]
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
    [ValidateRange(1, int.MaxValue)]
    public int[] ProcessId { get; set; } = [];

    /// <summary>Only flows of containers whose id begins so, or of these systemd units.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ContainerCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Container { get; set; } = [];

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
    protected override void EndProcessing()
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
            new FlowSessionOptions
            {
                Interfaces = [.. Targets.Keys],
                Directions = IsBound(nameof(Direction)) ? Direction : null,
                DirectionsOf = Targets,
                Filter = ReadFilter(),
                AttachMode = AttachMode,
                MaxFlow = MaxFlow,
                Promiscuous = Promiscuous,
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
            this, "Watching flows", string.Join(", ", Targets.Keys), TimeSpan.FromSeconds(SampleInterval), samples);
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
        bool hasDetail = HasDetail;
        foreach (FlowStat flow in isOrdered ? sample.Top(Top, By, within) : sample.Flows(within))
        {
            WriteObject(hasDetail ? Detailed(flow) : flow);
        }
        sample.ReportGaps();
    }

    private bool HasDetail => Detail || !Owner.IsEmpty;

    /// <summary>A flow whose table shows its process.</summary>
    private static PSObject Detailed(FlowStat flow)
    {
        PSObject shown = new(flow);
        shown.TypeNames.Insert(0, $"{typeof(FlowStat)}#Detail");
        return shown;
    }
}
