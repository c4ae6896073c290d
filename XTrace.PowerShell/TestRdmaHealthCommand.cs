using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Watches RDMA ports for a while, and says what is wrong with them. It changes nothing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "RdmaHealth", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaHealth))]
[OutputType(typeof(bool))]
public sealed class TestRdmaHealthCommand : RdmaSamplingCommand
{
    private HealthExaminer? _examiner;
    private bool _hasPorts;
    private bool _isBad;

    /// <summary>Only these checks.</summary>
    [Parameter]
    [OneOf<RdmaHealthCheck>(IsList = true)]
    public RdmaHealthCheck[] Check { get; set; } = [];

    /// <summary>Only whether everything is well: True or False.</summary>
    [Parameter(ParameterSetName = SampleSet)]
    public SwitchParameter Quiet { get; set; }

    private protected override Message Activity => CmdletMessages.TestingPorts;

    private protected override RdmaSessionOptions Choose(IReadOnlyList<RdmaTarget> targets) =>
        new() { Selection = new CounterSelection { Targets = targets } };

    /// <inheritdoc/>
    public override void Dispose()
    {
        _examiner?.Dispose();
        base.Dispose();
    }

    private protected override void Finish()
    {
        // Silence would look like a verdict.
        if (RdmaDevices.Names.Length == 0 && Device.All(name => !new NamePattern(name).IsExact))
        {
            Report(new Notice(NoticeLevel.Warning, RdmaMessages.NothingThere, null, Sysfs.InfiniBand));
        }
        if (Quiet)
        {
            WriteObject(_hasPorts && !_isBad);
        }
    }

    private protected override void Emit(RdmaSample sample)
    {
        _examiner ??= new HealthExaminer(Check ?? []);
        foreach (RdmaHealth found in _examiner.Examine(sample))
        {
            _hasPorts |= found.Port is not null;
            _isBad |= found.Status != RdmaHealthStatus.Ok;
            if (!Quiet)
            {
                WriteObject(found);
            }
        }
    }
}
