using System.Management.Automation;
using XTrace.Messages;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>The base of cmdlets that sample RDMA devices: devices and ports, samples, and the life of one session.</summary>
public abstract class RdmaSamplingCommand : XTraceCommand, IDisposable
{
    private protected const string SampleSet = "Sample";
    private protected const string ContinuousSet = "Continuous";

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
    [Number<int>(1, int.MaxValue, IsList = true)]
    public int?[]? Port { get; set; }

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

    /// <summary>The text of a progress bar.</summary>
    private protected abstract Message Activity { get; }

    /// <summary>Which counters are read, of these devices and ports; and which queue pairs.</summary>
    private protected abstract RdmaSessionOptions Choose(IReadOnlyList<RdmaTarget> targets);

    /// <summary>Emits a sample.</summary>
    private protected abstract void Emit(RdmaSample sample);

    /// <summary>Emits the final objects, after the last sample.</summary>
    private protected virtual void Finish()
    {
    }

    /// <summary>Whether there is something to sample now.</summary>
    private protected virtual bool HasAny(RdmaSession session) => session.Devices.Any();

    /// <summary>Whether there may be something later: an endless stream waits for what wildcards mean and is not there yet.</summary>
    private protected virtual bool MayAppear => Continuous && _targets.Any(target => !target.Device.IsExact);

    /// <summary>Whether the command answers at once, without intervals.</summary>
    private protected bool WantsAnswerAtOnce => !Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples));

    /// <inheritdoc/>
    private protected override void Process()
    {
        int[] ports = [.. (Port ?? []).OfType<int>()];
        _targets.AddRange(Device.Select(device => new RdmaTarget(device, ports)));
    }

    /// <inheritdoc/>
    private protected override void End()
    {
        try
        {
            _session = _targets.Count == 0 ? null : new RdmaSession(Options, Report);
            if (_session is not null && !Stopping)
            {
                SampleAll(_session);
            }
            if (!Stopping)
            {
                Finish();
            }
        }
        catch (XTraceException error)
        {
            WriteError(ErrorRecords.From(error));
        }
        finally
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _session?.Stop();

    /// <summary>Closes what is open; PowerShell calls it as well, however the command ends.</summary>
    public virtual void Dispose()
    {
        _session?.Dispose();
        GC.SuppressFinalize(this);
    }

    private RdmaSessionOptions Options => Choose(_targets) with
    {
        Interval = TimeSpan.FromSeconds(SampleInterval),
        Samples = Continuous ? null : MaxSamples,
    };

    private void SampleAll(RdmaSession session)
    {
        session.Open();
        if (!HasAny(session) && !MayAppear)
        {
            return;
        }
        SampleProgress progress = new(
            this, Activity, string.Join(", ", session.Devices), TimeSpan.FromSeconds(SampleInterval), Continuous ? null : MaxSamples);
        while (session.Wait(SampleProgress.Step, progress.Tick))
        {
            Emit(session.Sample());
        }
        progress.Complete();
    }
}
