using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// A monitor as this process holds it: one flow table, and the interfaces that are counted in it. Programs that this
/// process attached are detached with it, unless they were pinned.
/// </summary>
internal sealed class FlowMonitor : IDisposable
{
    private readonly FlowMaps _maps;
    private readonly BpfHandle _clockProgram;
    private readonly JiffiesClock _clock;
    private readonly Lazy<FlowTable> _table;
    private readonly Dictionary<string, BpfHandle> _programs = [];
    private readonly Dictionary<uint, Attachment> _attachments = [];

    private FlowMonitor(FlowMaps maps, BpfHandle clock, MonitorMeta meta)
    {
        _maps = maps;
        _clockProgram = clock;
        _clock = new JiffiesClock(clock, meta.TickNanoseconds);
        Meta = meta;
        Points = new PointTable(maps, (int)meta.Cpus, (int)meta.Points);
        _table = new Lazy<FlowTable>(() => new FlowTable(maps, (int)meta.Cpus, (int)meta.Buckets, HasDetails));
    }

    internal MonitorMeta Meta { get; }

    internal PointTable Points { get; }

    /// <summary>The flow table, mapped when it is first asked for.</summary>
    internal FlowTable Table => _table.Value;

    internal FlowMaps Maps => _maps;

    /// <summary>The flows that it keeps.</summary>
    internal FlowFilter Filter => FilterCompiler.Decompile(Meta.Filter);

    /// <summary>Whether it keeps details of each flow.</summary>
    internal bool HasDetails => (Meta.Features & FlowAbi.FeatureDetails) != 0;

    /// <summary>Slots of the flow table, over all CPUs.</summary>
    internal long Slots => (long)Meta.Cpus * Meta.Buckets * FlowAbi.SlotsPerBucket;

    /// <summary>The memory of its maps, in bytes.</summary>
    internal long Size => new TableSize((int)Meta.Cpus, (int)Meta.Buckets, (int)Meta.Points, HasDetails).Bytes;

    /// <summary>Makes a monitor without interfaces.</summary>
    /// <param name="options">How many flows, and which.</param>
    /// <param name="points">Observation points to make room for.</param>
    /// <param name="owner">The process that it ends with; null if it is to outlive every process.</param>
    /// <param name="report">Receives the size of the table.</param>
    /// <exception cref="XTraceException">The hook cannot be used. Nothing is left behind.</exception>
    internal static FlowMonitor Create(MonitorOptions options, int points, ProcessIdentity? owner, Action<Notice> report)
    {
        Capabilities.RequireMonitoring();
        options.Check();
        TableSize size = TableSize.For(options.MaxFlow, points, NetInterfaces.List().Count, options.Detail);
        size.Require(options.MaxFlow, report);
        KernelFilter filter = FilterCompiler.Compile(options.Filter);
        (FlowMaps maps, BpfHandle clock) = FlowProgram.Create(size, filter, owner);
        try
        {
            uint tick = JiffiesClock.MeasureTick(clock);
            MonitorMeta meta = new()
            {
                AbiVersion = FlowAbi.Version,
                Cpus = (uint)size.Cpus,
                Buckets = (uint)size.Buckets,
                Points = (uint)size.Points,
                MaxFlow = (uint)options.MaxFlow,
                TickNanoseconds = tick,
                EndBytes = TableSize.EndBytes,
                Features = options.Detail ? FlowAbi.FeatureDetails : 0,
                StartedNanoseconds = new JiffiesClock(clock, tick).Calibrate().BootNanoseconds,
                Filter = filter,
            };
            BpfMap.Write(maps.Meta, meta);
            return new FlowMonitor(maps, clock, meta);
        }
        catch
        {
            maps.Dispose();
            clock.Dispose();
            throw;
        }
    }

    /// <summary>Opens a monitor that a process pinned; null where another version did.</summary>
    /// <exception cref="BpfException">A pin cannot be opened.</exception>
    internal static FlowMonitor? Open(PinFolder pins)
    {
        if (!pins.TryReadMeta(out MonitorMeta meta))
        {
            return null;
        }
        FlowMaps maps = FlowMaps.Open(pins.Path);
        try
        {
            return new FlowMonitor(maps, BpfHandle.Open(pins.Clock), meta);
        }
        catch
        {
            maps.Dispose();
            throw;
        }
    }

    /// <summary>Pins all maps, in a folder where nothing is yet.</summary>
    internal void Pin(PinFolder pins)
    {
        _maps.Pin(pins.Path);
        _clockProgram.Pin(pins.Clock);
    }

    /// <summary>Counts an interface's direction from now on, for as long as this process holds the monitor or until it is pinned.</summary>
    /// <returns>The point; null where the monitor has no room for another.</returns>
    /// <exception cref="XTraceException">It cannot be attached; nothing is left behind.</exception>
    internal uint? Attach(NetInterface target, FlowDirection direction, HookPlan plan, Replacement? replacement, Action<Notice> report)
    {
        if (Points.Add(target.Index, direction, plan.Link, target.Name) is not { } point)
        {
            return null;
        }
        try
        {
            Attachment attachment = plan.Attach(
                (hook, takesFragments) => ProgramFor(hook, direction, takesFragments, point, plan.Link),
                target, direction, replacement, report);
            lock (_attachments)
            {
                _attachments.Add(point, attachment);
            }
            Points.SetAttached(point, attachment.Hook, _clock.Calibrate());
            replacement?.MakeRoom();
            string hook = HookPlan.Describe(attachment.Hook);
            report(new Notice(NoticeLevel.Detail, FlowMessages.Attached, target.Name, target.Name, hook, direction));
            return point;
        }
        catch
        {
            Detach(point);
            throw;
        }
    }

    /// <summary>Lets a point that this process attached outlive it.</summary>
    internal void PinPoint(uint point, string path)
    {
        _attachments[point].Pin(path);
        _attachments.Remove(point, out Attachment? attachment);
        attachment!.Dispose();
    }

    /// <summary>Whether this process can ask about a point's attachment.</summary>
    internal Attachment AttachmentOf(uint point) => _attachments[point];

    /// <summary>Takes off a point's program that this process put there. When this returns, the point counts no more.</summary>
    internal void TakeOff(uint point) => _attachments[point].Detach();

    /// <summary>Takes a point's program off, if this process put it there, and forgets the point.</summary>
    internal void Detach(uint point)
    {
        lock (_attachments)
        {
            if (_attachments.Remove(point, out Attachment? attachment))
            {
                attachment.Dispose();
            }
        }
        Points.Remove(point);
    }

    /// <summary>
    /// Hands a program to the driver of a point on native XDP again. It is another of the same kind, because the kernel does not call
    /// the driver for a program that the link already has.
    /// </summary>
    /// <param name="attachment">The point's.</param>
    /// <param name="target">Its interface.</param>
    /// <returns>False if it is not attached any more.</returns>
    /// <exception cref="XTraceException">The kernel or the driver refused.</exception>
    internal bool Renew(LinkAttachment attachment, NetInterface target)
    {
        if (attachment.Query().InterfaceIndex == 0)
        {
            return false;
        }
        try
        {
            Replace(takesFragments: false);
        }
        catch (XTraceException refusal) when (XdpHook.IsDrivers(refusal))
        {
            Replace(takesFragments: true);
        }
        return true;

        void Replace(bool takesFragments)
        {
            string name = FlowProgram.NameOf(attachment.Hook, FlowDirection.Ingress, takesFragments);
            using BpfHandle program = FlowProgram.Load(name, _maps, HasDetails);
            attachment.Replace(program, target.Name);
        }
    }

    /// <summary>Takes programs off, from any thread, while another may still read; Dispose does the rest.</summary>
    internal void DetachAll()
    {
        lock (_attachments)
        {
            foreach (Attachment attachment in _attachments.Values)
            {
                try
                {
                    attachment.Detach();
                }
                catch (XTraceException)
                {
                    // A link ends with the process, and the next process that looks at the interface removes a filter.
                }
            }
        }
    }

    /// <summary>Now, on all clocks.</summary>
    internal ClockCalibration Calibrate() => _clock.Calibrate();

    /// <summary>Copies the table.</summary>
    /// <param name="snapshot">Receives the copy.</param>
    /// <param name="isPoint">Whether a point's flows are wanted, by its id. Null: those of the points that are there.</param>
    internal void Read(FlowSnapshot snapshot, Func<uint, bool>? isPoint = null)
    {
        snapshot.Clock = Calibrate();
        Table.Read(snapshot, isPoint ?? Points.IsPoint);
        snapshot.EndJiffies = Calibrate().Jiffies;
    }

    public void Dispose()
    {
        foreach (Attachment attachment in _attachments.Values)
        {
            attachment.Dispose();
        }
        foreach (BpfHandle program in _programs.Values)
        {
            program.Dispose();
        }
        if (_table.IsValueCreated)
        {
            _table.Value.Dispose();
        }
        Points.Dispose();
        _maps.Dispose();
        _clockProgram.Dispose();
    }

    /// <summary>The program for a hook, which finds in the point what frames begin with there.</summary>
    private BpfHandle ProgramFor(MonitorHook hook, FlowDirection direction, bool takesFragments, uint point, uint link)
    {
        Points.SetLink(point, hook == MonitorHook.XdpGeneric ? FlowAbi.LinkGeneric : link);
        string name = FlowProgram.NameOf(hook, direction, takesFragments);
        if (!_programs.TryGetValue(name, out BpfHandle? program))
        {
            _programs[name] = program = FlowProgram.Load(name, _maps, HasDetails);
        }
        return program;
    }
}
