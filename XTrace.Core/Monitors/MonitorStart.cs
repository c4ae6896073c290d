using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// Starts pinned points: in a monitor that keeps the same flows and has room, else in a new one. A point that is replaced gets its
/// successor in another monitor, so that the two never count the same frame. Hold the PinLock.
/// </summary>
internal sealed class MonitorStart(MonitorOptions options, bool force, Action<Notice> report) : IDisposable
{
    private readonly List<(PinFolder Folder, FlowMonitor Monitor)> _monitors = [];
    private readonly List<(PinFolder Folder, FlowMonitor Monitor, PointPin Pin)> _started = [];
    private readonly HashSet<int> _promiscuous = [];
    private readonly Dictionary<(int, FlowDirection), (PinFolder Folder, PinnedPoint Point)> _existing = [];

    /// <summary>Starts each target; the error of one is reported and ends none of the others.</summary>
    internal IReadOnlyList<XdpMonitor> Run(IReadOnlyList<(NetInterface Target, FlowDirection Direction)> targets)
    {
        FindExisting();
        int left = targets.Count;
        foreach ((NetInterface target, FlowDirection direction) in targets)
        {
            try
            {
                Start(target, direction, left--, targets.Count);
            }
            catch (XTraceException error)
            {
                report(new Notice(error));
            }
        }
        foreach ((PinFolder folder, _) in _monitors.Where(entry => entry.Folder.Points.Count == 0))
        {
            folder.Remove();
        }
        SetQueueDrops();
        return Describe();
    }

    public void Dispose() => _monitors.ForEach(entry => entry.Monitor.Dispose());

    private void FindExisting()
    {
        foreach (PinFolder folder in PinFolder.All())
        {
            FlowMonitor? monitor = MonitorStore.TryOpen(folder);
            if (monitor != null)
            {
                _monitors.Add((folder, monitor));
            }
            foreach (PinnedPoint point in folder.Points
                .Select(pin => monitor == null ? PinnedPoint.QueryIncompatible(pin) : PinnedPoint.Query(monitor, pin))
                .OfType<PinnedPoint>())
            {
                _existing[(point.InterfaceIndex != 0 ? point.InterfaceIndex : point.Pin.InterfaceIndex, point.Direction)] = (folder, point);
            }
        }
    }

    private void Start(NetInterface target, FlowDirection direction, int left, int all)
    {
        bool exists = _existing.TryGetValue((target.Index, direction), out (PinFolder Folder, PinnedPoint Point) old)
            || TryFindByName(target, direction, out old);
        OldPins? oldVersion = MonitorStore.FindOld(target.Name, direction);
        if (!force)
        {
            ThrowIfRunning(target, direction, exists ? old : null, oldVersion != null);
        }
        HookPlan plan = options.PlanFor(target, direction, all, report);
        Replacement? replacement = exists ? new Replacement(old.Point.ProgramId, () => Replace(old))
            : oldVersion != null ? new Replacement(oldVersion.ProgramId, () => Replace(oldVersion))
            : null;
        Attach(target, direction, plan, replacement, exists ? old.Folder : null, left);
    }

    /// <summary>A point whose interface is gone or was moved away is known by its name alone.</summary>
    private bool TryFindByName(NetInterface target, FlowDirection direction, out (PinFolder Folder, PinnedPoint Point) found)
    {
        found = _existing.Values.FirstOrDefault(known =>
            known.Point.InterfaceIndex == 0 && known.Point.Direction == direction && known.Point.Pin.InterfaceName == target.Name);
        return found.Point != null;
    }

    private void Attach(NetInterface target, FlowDirection direction, HookPlan plan, Replacement? replacement, PinFolder? notIn, int points)
    {
        foreach ((PinFolder folder, FlowMonitor monitor) in _monitors
            .Where(entry => entry.Folder != notIn && FileStatus.IsThere(entry.Folder.Path) && IsForUs(entry.Monitor)).Reverse())
        {
            if (TryAttach(folder, monitor))
            {
                return;
            }
        }
        (PinFolder Folder, FlowMonitor Monitor) made = Make(points);
        _monitors.Add(made);
        _ = TryAttach(made.Folder, made.Monitor);

        bool TryAttach(PinFolder folder, FlowMonitor monitor)
        {
            if (monitor.Attach(target, direction, plan, replacement, report) is not { } point)
            {
                return false;
            }
            PointPin pin = new(folder.PathFor(target, direction), target.Index, direction, target.Name);
            try
            {
                monitor.PinPoint(point, pin.Path);
            }
            catch
            {
                monitor.Detach(point);
                throw;
            }
            _started.Add((folder, monitor, pin));
            MakePromiscuous(monitor, point, target);
            return true;
        }
    }

    /// <summary>Makes a monitor with all its pins. If one of them cannot be made, none is left for the next target to use.</summary>
    private (PinFolder Folder, FlowMonitor Monitor) Make(int points)
    {
        FlowMonitor made = FlowMonitor.Create(options, points, owner: null, report);
        PinFolder? pins = null;
        try
        {
            pins = PinFolder.Create();
            made.Pin(pins);
            return (pins, made);
        }
        catch
        {
            made.Dispose();
            pins?.Remove();
            throw;
        }
    }

    /// <summary>An interface that was promiscuous before stays so.</summary>
    private void MakePromiscuous(FlowMonitor monitor, uint point, NetInterface target)
    {
        if (options.Promiscuous && !target.IsPromiscuous && _promiscuous.Add(target.Index))
        {
            monitor.Points.SetPromiscuous(point);
            Promiscuity.Set(target.Index, isPromiscuous: true);
        }
        else if (!options.Promiscuous)
        {
            target.WarnOfHidden(report);
        }
    }

    private void SetQueueDrops()
    {
        IReadOnlyDictionary<int, ulong> drops = QueueDrops.Read();
        foreach ((_, FlowMonitor monitor, PointPin pin) in _started.Where(started => started.Pin.Direction == FlowDirection.Egress))
        {
            if (monitor.Points.Find(pin.InterfaceIndex, pin.Direction) is { } point)
            {
                monitor.Points.SetQueueDrops(point.Id, drops.GetValueOrDefault(pin.InterfaceIndex));
            }
        }
    }

    private unsafe bool IsForUs(FlowMonitor monitor)
    {
        KernelFilter wanted = FilterCompiler.Compile(options.Filter);
        KernelFilter there = monitor.Meta.Filter;
        return monitor.Meta.MaxFlow == options.MaxFlow
            && monitor.HasDetails == options.Detail
            && new ReadOnlySpan<byte>(&wanted, sizeof(KernelFilter)).SequenceEqual(new ReadOnlySpan<byte>(&there, sizeof(KernelFilter)));
    }

    private void Replace((PinFolder Folder, PinnedPoint Point) old)
    {
        report(new Notice(NoticeLevel.Detail, FlowMessages.Replacing, old.Point.Name, old.Point.Name, old.Point.State));
        MonitorStore.RemovePoint(old.Folder, old.Point.Pin);
    }

    private void Replace(OldPins old)
    {
        report(new Notice(NoticeLevel.Detail, FlowMessages.Replacing, old.InterfaceName, old.InterfaceName, MonitorState.Incompatible));
        old.Remove();
    }

    private void ThrowIfRunning(
        NetInterface target, FlowDirection direction, (PinFolder Folder, PinnedPoint Point)? existing, bool isOldVersion)
    {
        if (isOldVersion || existing is { Point.State: MonitorState.Incompatible })
        {
            throw new XTraceException(FlowMessages.MonitorIncompatible, target.Name, target.Name);
        }
        if (existing is { Point: { State: MonitorState.Running, Point: { } point } } running)
        {
            FlowMonitor monitor = _monitors.Find(entry => entry.Folder == running.Folder).Monitor;
            throw new XTraceException(
                FlowMessages.MonitorExists, target.Name, target.Name, direction, monitor.Calibrate().TimeOfBoot(point.StartedNanoseconds));
        }
        if (existing is { Point.State: MonitorState.Moved })
        {
            throw new XTraceException(FlowMessages.MonitorMoved, target.Name, target.Name);
        }
    }

    private List<XdpMonitor> Describe()
    {
        return [.. _started
            .Select(started => PinnedPoint.Query(started.Monitor, started.Pin) is { } point
                ? MonitorStore.Describe(started.Monitor, point, MonitorCounts.None)
                : null)
            .OfType<XdpMonitor>()];
    }
}
