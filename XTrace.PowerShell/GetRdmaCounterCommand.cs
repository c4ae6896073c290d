using System.Management.Automation;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Emits the counters of RDMA devices: at once, or over measured intervals.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaCounter", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaCounter))]
public sealed class GetRdmaCounterCommand : XTraceCommand, IDisposable
{
    private const string SampleSet = "Sample";
    private const string ContinuousSet = "Continuous";

    private readonly List<RdmaTarget> _targets = [];
    private RdmaSession? _session;

    /// <summary>The devices; without one, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [RdmaDeviceName]
    [ArgumentCompleter(typeof(RdmaDeviceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Device { get; set; } = ["*"];

    /// <summary>Only of these ports; without one, of all, and of the device as a whole.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public int?[]? Port { get; set; }

    /// <summary>Only counters of these names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RdmaCounterCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only counters of these categories.</summary>
    [Parameter]
    public RdmaCounterCategory[] Category { get; set; } = [];

    /// <summary>Only counters that are read there.</summary>
    [Parameter]
    public RdmaCounterSource[] Source { get; set; } = [];

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
        int[] ports = [.. (Port ?? []).OfType<int>()];
        _targets.AddRange(Device.Select(device => new RdmaTarget(device, ports)));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            _session = _targets.Count == 0 ? null : new RdmaSession(Options, Report);
            if (_session is not null && !Stopping)
            {
                SampleAll(_session);
            }
        }
        catch (XTraceException error)
        {
            WriteError(ErrorRecords.Of(error));
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _session?.Stop();

    /// <summary>Closes the files; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose() => _session?.Dispose();

    private RdmaSessionOptions Options => new()
    {
        Selection = new CounterSelection
        {
            Targets = _targets,
            Filter = new CounterFilter
            {
                Names = [.. Name.Select(one => new NamePattern(one))],
                Categories = Category ?? [],
                Sources = Source ?? [],
            },
        },
        Interval = TimeSpan.FromSeconds(SampleInterval),
        Samples = Continuous ? null : MaxSamples,
        // Counters always count: without an interval there is nothing to wait for.
        AtOnce = !Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples)),
    };

    private void SampleAll(RdmaSession session)
    {
        session.Open();
        if (session.Counters == 0 && !MayAppear)
        {
            return;
        }
        string devices = string.Join(", ", session.Devices);
        SampleProgress progress = new(
            this, "Sampling RDMA counters", devices, TimeSpan.FromSeconds(SampleInterval), Continuous ? null : MaxSamples);
        while (session.Wait(SampleProgress.Step, progress.Tick))
        {
            foreach (RdmaCounter counter in session.Sample().Counters())
            {
                WriteObject(counter);
            }
        }
        progress.Complete();
    }

    /// <summary>An endless stream also waits for what wildcards mean and is not there yet.</summary>
    private bool MayAppear =>
        Continuous && _targets.Any(target => !target.Device.IsExact) && Name.Any(one => !new NamePattern(one).IsExact);
}
