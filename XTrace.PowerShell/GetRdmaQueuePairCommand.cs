using System.Management.Automation;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Emits the queue pairs of RDMA devices: at once, or over measured intervals.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaQueuePair", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaQueuePair))]
public sealed class GetRdmaQueuePairCommand : XTraceCommand, IDisposable
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

    /// <summary>Only of these ports.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public int?[]? Port { get; set; }

    /// <summary>Only queue pairs of these numbers.</summary>
    [Parameter]
    [ValidateRange(0, 0xff_ffff)]
    public int[] QueuePair { get; set; } = [];

    /// <summary>Only queue pairs of these processes.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int[] ProcessId { get; set; } = [];

    /// <summary>Only queue pairs of processes, or of parts of the kernel, with these names.</summary>
    [Parameter]
    [Alias("Owner")]
    [ArgumentCompleter(typeof(ProcessNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] ProcessName { get; set; } = [];

    /// <summary>Only queue pairs of these types.</summary>
    [Parameter]
    public RdmaQueuePairType[] Type { get; set; } = [];

    /// <summary>Only queue pairs in these states.</summary>
    [Parameter]
    public RdmaQueuePairState[] State { get; set; } = [];

    /// <summary>Only the n greatest of each port in each sample, greatest first.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Top { get; set; } = int.MaxValue;

    /// <summary>What -Top goes by.</summary>
    [Parameter]
    public RdmaQueuePairOrder By { get; set; }

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

    /// <summary>Closes what is open; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose() => _session?.Dispose();

    private RdmaSessionOptions Options => new()
    {
        // The totals of ports say how large packets are.
        Selection = new CounterSelection { Targets = _targets, PortsOnly = true, Filter = new CounterFilter { OnlyTotals = true } },
        QueuePairs = new QueuePairFilter
        {
            Numbers = QueuePair ?? [],
            ProcessIds = ProcessId ?? [],
            Owners = [.. ProcessName.Select(one => new NamePattern(one))],
            Types = Type ?? [],
            States = State ?? [],
        },
        Interval = TimeSpan.FromSeconds(SampleInterval),
        Samples = Continuous ? null : MaxSamples,
        // Who is connected is known at once; packets need an interval.
        AtOnce = !Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples)),
    };

    private void SampleAll(RdmaSession session)
    {
        session.Open();
        if (!session.Devices.Any() && !MayAppear)
        {
            return;
        }
        string devices = string.Join(", ", session.Devices);
        SampleProgress progress = new(
            this, "Sampling RDMA queue pairs", devices, TimeSpan.FromSeconds(SampleInterval), Continuous ? null : MaxSamples);
        while (session.Wait(SampleProgress.Step, progress.Tick))
        {
            foreach (RdmaQueuePair one in QueuePairSelection.Top(session.Sample().QueuePairs, IsBound(nameof(Top)) ? Top : null, By))
            {
                WriteObject(one);
            }
        }
        progress.Complete();
    }

    /// <summary>An endless stream also waits for what wildcards mean and is not there yet.</summary>
    private bool MayAppear => Continuous && _targets.Any(target => !target.Device.IsExact);
}
