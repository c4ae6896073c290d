using System.Management.Automation;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Watches RDMA ports for a while, and says what is wrong with them. It changes nothing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RdmaHealth", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaHealth))]
[OutputType(typeof(bool))]
public sealed class TestRdmaHealthCommand : XTraceCommand, IDisposable
{
    private const string SampleSet = "Sample";
    private const string ContinuousSet = "Continuous";

    private readonly List<RdmaTarget> _targets = [];
    private RdmaSession? _session;
    private bool _isHealthy;

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

    /// <summary>Only these checks.</summary>
    [Parameter]
    public RdmaHealthCheck[] Check { get; set; } = [];

    /// <summary>Seconds for which counters are watched; 0.1 to 86,400.</summary>
    [Parameter]
    [ValidateRange(0.1, 86400.0)]
    public double SampleInterval { get; set; } = 5;

    /// <summary>How many times.</summary>
    [Parameter(ParameterSetName = SampleSet)]
    [ValidateRange(1L, long.MaxValue)]
    public long MaxSamples { get; set; } = 1;

    /// <summary>Again and again until stopped.</summary>
    [Parameter(ParameterSetName = ContinuousSet, Mandatory = true)]
    public SwitchParameter Continuous { get; set; }

    /// <summary>Only whether everything is well: True or False.</summary>
    [Parameter(ParameterSetName = SampleSet)]
    public SwitchParameter Quiet { get; set; }

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
                TestAll(_session);
            }
            if (Quiet && !Stopping)
            {
                WriteObject(_isHealthy);
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
        Selection = new CounterSelection { Targets = _targets },
        Interval = TimeSpan.FromSeconds(SampleInterval),
        Samples = Continuous ? null : MaxSamples,
    };

    private void TestAll(RdmaSession session)
    {
        session.Open();
        string devices = string.Join(", ", session.Devices);
        if (devices.Length == 0 && (!Continuous || _targets.All(target => target.Device.IsExact)))
        {
            return;
        }
        using HealthExaminer examiner = new(Check ?? []);
        SampleProgress progress = new(
            this, "Testing RDMA ports", devices, TimeSpan.FromSeconds(SampleInterval), Continuous ? null : MaxSamples);
        bool hasPorts = false;
        bool isBad = false;
        while (session.Wait(SampleProgress.Step, progress.Tick))
        {
            foreach (RdmaHealth found in examiner.Examine(session.Sample()))
            {
                hasPorts |= found.Port is not null;
                isBad |= found.Status != RdmaHealthStatus.Ok;
                if (!Quiet)
                {
                    WriteObject(found);
                }
            }
        }
        progress.Complete();
        _isHealthy = hasPorts && !isBad;
    }
}
