using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Emits the counters of RDMA devices: at once, or over measured intervals.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaCounter", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaCounter))]
public sealed class GetRdmaCounterCommand : RdmaSamplingCommand
{
    /// <summary>Only counters of these names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RdmaCounterCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only counters of these categories.</summary>
    [Parameter]
    [OneOf<RdmaCounterCategory>(IsList = true)]
    public RdmaCounterCategory[] Category { get; set; } = [];

    /// <summary>Only counters that are read there.</summary>
    [Parameter]
    [OneOf<RdmaCounterSource>(IsList = true)]
    public RdmaCounterSource[] Source { get; set; } = [];

    private protected override Message Activity => CmdletMessages.SamplingCounters;

    private protected override RdmaSessionOptions Choose(IReadOnlyList<RdmaTarget> targets) => new()
    {
        Selection = new CounterSelection
        {
            Targets = targets,
            Filter = new CounterFilter
            {
                Names = [.. Name.Select(name => new NamePattern(name))],
                Categories = Category ?? [],
                Sources = Source ?? [],
            },
        },
        // Counters always count: without an interval there is nothing to wait for.
        AtOnce = WantsAnswerAtOnce,
    };

    private protected override bool HasAny(RdmaSession session) => session.Counters > 0;

    private protected override bool MayAppear => base.MayAppear && Name.Any(name => !new NamePattern(name).IsExact);

    private protected override void Emit(RdmaSample sample)
    {
        foreach (RdmaCounter counter in sample.Counters())
        {
            WriteObject(counter);
        }
    }
}
