using System.Management.Automation;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Emits the counters of RDMA devices: at once, or over measured intervals.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaCounter", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaCounter))]
public sealed class GetRdmaCounterCommand : RdmaCommand, IDisposable
{
    private const string SampleSet = "Sample";
    private const string ContinuousSet = "Continuous";

    private readonly SampleClock _clock = new();
    private readonly HashSet<string> _devices = [];
    private readonly HashSet<int> _ports = [];
    private CounterSampler? _sampler;

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
    protected override void BeginProcessing()
    {
        NamePattern[] patterns = [.. Name.Select(one => new NamePattern(one))];
        _sampler = new CounterSampler(new CounterFilter
        {
            Name = name => patterns.Any(pattern => pattern.IsMatch(name)),
            Categories = Category ?? [],
        });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        int[] ports = [.. (Port ?? []).OfType<int>()];
        _ports.UnionWith(ports);
        foreach (string device in SelectDevices(Device))
        {
            _devices.Add(device);
            _sampler!.Add(device, ports);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            if (HasPorts())
            {
                ReportMissing();
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

    /// <summary>Closes the files; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose()
    {
        _sampler?.Dispose();
        _clock.Dispose();
    }

    private void SampleAll()
    {
        // Counters always count: without an interval there is nothing to wait for.
        bool atOnce = !Continuous && !IsBound(nameof(SampleInterval)) && !IsBound(nameof(MaxSamples));
        if (_sampler!.Files.Count == 0)
        {
            return;
        }
        _sampler.Sample();
        if (atOnce)
        {
            Emit();
            return;
        }
        // That was a baseline, so that the first rates are the first interval's.
        SamplePlan plan = new("Sampling RDMA counters", string.Join(", ", _devices), SampleInterval, Continuous ? null : MaxSamples);
        _clock.Run(this, plan, () =>
        {
            _sampler.Sample();
            Emit();
            return true;
        });
    }

    private void Emit()
    {
        foreach (RdmaCounter counter in _sampler!.Counters())
        {
            WriteObject(counter);
        }
    }

    /// <summary>Reports ports that none of the devices has; false if that leaves none of those asked for.</summary>
    private bool HasPorts()
    {
        if (_ports.Count == 0 || _devices.Count == 0)
        {
            return true;
        }
        PortFolder[] there = [.. _devices.SelectMany(device => new DeviceFolder(device).Ports)];
        int[] missing = [.. _ports.Except(there.Select(port => port.Number))];
        foreach (int port in missing)
        {
            WriteError(ErrorRecords.Of(new XTraceException(
                "RdmaPortNotFound",
                XTraceErrorKind.NotFound,
                $"There is no port {port} on {string.Join(", ", _devices)}. There are: {string.Join(", ", there.Select(one => $"{one.Device}/{one.Number}"))}.",
                port)));
        }
        return missing.Length < _ports.Count;
    }

    /// <summary>Exact names of counters that none of the devices has.</summary>
    private void ReportMissing()
    {
        foreach (string name in Name.Select(one => new NamePattern(one).Name).OfType<string>())
        {
            if (_devices.Count > 0 && !_sampler!.Files.Any(file => file.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                WriteError(ErrorRecords.Of(new XTraceException(
                    "RdmaCounterNotFound",
                    XTraceErrorKind.NotFound,
                    $"None of what was asked for on {string.Join(", ", _devices)} has a counter '{name}'. "
                    + "See what there is with: Get-RdmaCounter | Select-Object Device, Port, Source, Name",
                    name)));
            }
        }
    }
}
