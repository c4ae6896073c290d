using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.PowerShell;

/// <summary>Emits the queue pairs of RDMA devices: at once, or over measured intervals.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaQueuePair", DefaultParameterSetName = SampleSet)]
[OutputType(typeof(RdmaQueuePair))]
public sealed class GetRdmaQueuePairCommand : RdmaSamplingCommand
{
    /// <summary>Only queue pairs of these numbers.</summary>
    [Parameter]
    [Number<int>(0, 0xff_ffff, IsList = true)]
    public int[] QueuePair { get; set; } = [];

    /// <summary>Only queue pairs of these processes.</summary>
    [Parameter]
    [Number<int>(1, int.MaxValue, IsList = true)]
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
    [OneOf<RdmaQueuePairType>(IsList = true)]
    public RdmaQueuePairType[] Type { get; set; } = [];

    /// <summary>Only queue pairs in these states.</summary>
    [Parameter]
    [OneOf<RdmaQueuePairState>(IsList = true)]
    public RdmaQueuePairState[] State { get; set; } = [];

    /// <summary>Only the n greatest of each port in each sample, greatest first.</summary>
    [Parameter]
    [Number<int>(1, int.MaxValue)]
    public int Top { get; set; } = int.MaxValue;

    /// <summary>The property that -Top compares.</summary>
    [Parameter]
    [OneOf<RdmaQueuePairOrder>]
    public RdmaQueuePairOrder By { get; set; }

    private protected override Message Activity => CmdletMessages.SamplingQueuePairs;

    private protected override RdmaSessionOptions Choose(IReadOnlyList<RdmaTarget> targets) => new()
    {
        // The totals of ports say how large packets are.
        Selection = new CounterSelection { Targets = targets, PortsOnly = true, Filter = new CounterFilter { OnlyTotals = true } },
        QueuePairs = new QueuePairFilter
        {
            Numbers = QueuePair ?? [],
            ProcessIds = ProcessId ?? [],
            Owners = [.. ProcessName.Select(name => new NamePattern(name))],
            Types = Type ?? [],
            States = State ?? [],
        },
        // Who is connected is known at once; packets need an interval.
        AtOnce = WantsAnswerAtOnce,
    };

    private protected override void Emit(RdmaSample sample)
    {
        foreach (object shown in TableView.Choose(QueuePairSelection.Top(sample.QueuePairs, IsBound(nameof(Top)) ? Top : null, By)))
        {
            WriteObject(shown);
        }
    }
}
