using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// A monitor as this process holds it: what keeps the program attached, the table in memory, the clock.
/// Disposing it detaches the program, unless the monitor is pinned.
/// </summary>
internal sealed unsafe class FlowMonitor : IDisposable
{
    private readonly FlowProgram? _program;
    private readonly BpfHandle[] _handles;
    private readonly Attachment _attachment;
    private readonly FlowTable _table;
    private readonly JiffiesClock _clock;

    private FlowMonitor(FlowProgram? program, MonitorMeta meta, BpfHandle flows, BpfHandle states, BpfHandle clock, Attachment attachment)
    {
        _program = program;
        _handles = [flows, states, clock];
        _attachment = attachment;
        Meta = meta;
        _table = new FlowTable(flows, states, (int)meta.Cpus, (int)meta.SetsPerCpu);
        _clock = new JiffiesClock(clock, meta.TickNanoseconds);
    }

    internal MonitorMeta Meta { get; }

    internal MonitorHook Hook => (MonitorHook)Meta.Hook;

    internal FlowDirection Direction => (FlowDirection)Meta.Direction;

    /// <summary>Bytes of the flow table.</summary>
    internal long TableSize => FlowTable.SizeOf((int)Meta.Cpus, (int)Meta.SetsPerCpu);

    internal int SlotsPerCpu => _table.SlotsPerCpu;

    /// <summary>Attaches a monitor that lives as long as this process holds it, or until it is pinned.</summary>
    /// <param name="target">The interface.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="options">How.</param>
    /// <param name="report">Is told what a curious user wants to know: sizes, refusals.</param>
    /// <param name="replacement">What makes room for it; given for a monitor that is to be pinned.</param>
    /// <exception cref="XTraceException">It cannot be attached; nothing is left behind.</exception>
    internal static FlowMonitor Attach(
        NetInterface target, FlowDirection direction, MonitorOptions options, Action<string> report, Replacement? replacement = null)
    {
        Capabilities.RequireMonitoring();
        HookPlan plan = options.PlanFor(target, direction);
        ProgramRequest request = new()
        {
            SetsPerCpu = options.SetsPerCpu,
            NeedsXdp = plan.NeedsXdp,
            NeedsTc = plan.NeedsTc,
            TakesFrags = plan.Hooks.Contains(MonitorHook.XdpNative),
            Link = plan.Link,
            Filter = FilterCompiler.Compile(options.Filter),
            Owner = replacement == null ? ProcessIdentity.Current : null,
        };
        if (options.Mode == AttachMode.Auto && target.IsVirtual && direction == FlowDirection.Ingress)
        {
            report($"{target.Name}: {target.Kind ?? "loopback"} is virtual, where native XDP would slow down what is watched: TC comes first.");
        }
        TableMemory.Require(target, direction, options, report);
        FlowProgram program = FlowProgram.Load(request);
        Attachment? attachment = null;
        try
        {
            uint tick = JiffiesClock.MeasureTick(program.Clock);
            attachment = plan.Attach(program, target, direction, replacement, report);
            replacement?.MakeRoom();
            report($"{target.Name}: attached to {HookPlan.Describe(attachment.Hook)}, {direction}.");
            MonitorMeta meta = new()
            {
                AbiVersion = FlowAbi.Version,
                Hook = (uint)attachment.Hook,
                Direction = (uint)direction,
                InterfaceIndex = (uint)target.Index,
                Cpus = (uint)program.Cpus,
                SetsPerCpu = (uint)program.SetsPerCpu,
                TickNanoseconds = tick,
                StartedNanoseconds = new JiffiesClock(program.Clock, tick).Calibrate().BootNanoseconds,
                Filter = request.Filter,
            };
            Write(program.Meta, meta);
            return new FlowMonitor(program, meta, program.Flows, program.States, program.Clock, attachment);
        }
        catch
        {
            attachment?.Dispose();
            program.Dispose();
            throw;
        }
    }

    /// <summary>Opens a monitor that a process pinned.</summary>
    /// <exception cref="XTraceException">A pin cannot be opened.</exception>
    internal static FlowMonitor Open(PinDirectory pins)
    {
        MonitorMeta meta = pins.ReadMeta();
        return new FlowMonitor(
            null, meta, BpfHandle.Open(pins.Flows), BpfHandle.Open(pins.States), BpfHandle.Open(pins.Clock), Attachment.Open(pins));
    }

    /// <summary>Pins everything, the attachment last: from then on the monitor is whole and outlives this process.</summary>
    internal void Pin(PinDirectory pins)
    {
        _program!.Meta.Pin(pins.Meta);
        _program.Flows.Pin(pins.Flows);
        _program.States.Pin(pins.States);
        _program.Clock.Pin(pins.Clock);
        _attachment.Pin(pins);
    }

    /// <summary>Copies table and totals.</summary>
    internal void Read(FlowSnapshot snapshot)
    {
        snapshot.Clock = _clock.Calibrate();
        _table.Read(snapshot);
    }

    /// <summary>The moment that the monitor began to count, for the first sample's rates.</summary>
    internal ClockCalibration Start => new() { BootNanoseconds = Meta.StartedNanoseconds };

    /// <summary>The interface that the program is attached to, its id and its link's, if there is one. Index 0: to none any more.</summary>
    internal (int InterfaceIndex, uint ProgramId, uint LinkId) QueryAttachment() => _attachment.Query();

    /// <summary>Whether an interface of this namespace says itself that it runs the program.</summary>
    internal bool IsInPlace() => _attachment.IsInPlace();

    /// <summary>Takes the program off, and leaves the rest to Dispose.</summary>
    internal void Detach() => _attachment.Detach();

    internal FlowTotals ReadTotals() => _table.ReadTotals();

    internal long CountUsedSlots() => _table.CountUsedSlots();

    internal DateTime StartTime => _clock.Calibrate().TimeOfBoot(Meta.StartedNanoseconds);

    public void Dispose()
    {
        _table.Dispose();
        _attachment.Dispose();
        foreach (BpfHandle handle in _handles)
        {
            handle.Dispose();
        }
        _program?.Dispose();
    }

    private static void Write(BpfHandle map, MonitorMeta meta)
    {
        uint key = 0;
        int result = LibBpf.bpf_map_update_elem(map, &key, &meta, 0);
        if (result < 0)
        {
            throw new BpfException("write a monitor's description", -result);
        }
    }
}
