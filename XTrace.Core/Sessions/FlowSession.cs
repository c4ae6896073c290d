using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Processes;
using XTrace.Sessions;

namespace XTrace;

/// <summary>
/// Watches the flows of interfaces: reads the monitors that run there, and attaches programs of its own where there are none. Interfaces
/// that match a wildcard come and go while it runs. An error of one interface is reported, and the others go on. One call takes
/// one sample of everything. Disposing it detaches what it attached.
/// </summary>
public sealed class FlowSession : IDisposable
{
    /// <summary>From so long a pause on, the kernel has time to fill the ring buffer of ends.</summary>
    private static readonly TimeSpan s_endsStep = TimeSpan.FromMilliseconds(50);

    private readonly FlowSessionOptions _options;
    private readonly Action<Notice> _report;
    private readonly NamePattern[] _patterns;
    private readonly NamePattern[] _excluded;
    private readonly SampleClock _clock;
    private readonly BpfRing _ends = new();
    private readonly List<FlowSource> _sources = [];
    private readonly HashSet<int> _known = [];
    private readonly Dictionary<int, SocketHandle> _promiscuous = [];
    private readonly FlowSample _sample;
    private long _number;

    /// <summary>A session that watches nothing yet.</summary>
    /// <param name="options">The interfaces, and how they are watched.</param>
    /// <param name="report">Receives notices: progress, warnings and errors.</param>
    /// <exception cref="XTraceException">The filter or the table's size is not possible.</exception>
    public FlowSession(FlowSessionOptions options, Action<Notice> report)
    {
        _options = options;
        _report = report;
        _patterns = [.. options.Interfaces.Select(name => new NamePattern(name))];
        _excluded = [.. options.Excluded.Select(name => new NamePattern(name))];
        _sample = new FlowSample(options.Filter, options.Owner, options.WantsDetails);
        OwnOptions.Check();
        _clock = new SampleClock(options.Interval);
    }

    /// <summary>Whether there is nothing to watch, and no wildcard that something could still match.</summary>
    public bool IsOver => !WatchesAnything && !_patterns.Any(IsFollowed);

    /// <summary>Whether there is something to watch now.</summary>
    public bool WatchesAnything => Points.Any();

    /// <summary>Whether some of what it watches is counted by a monitor that runs already, which can answer at once.</summary>
    public bool ReadsMonitors => _sources.Exists(source => !source.IsOwn);

    internal IReadOnlyList<FlowSource> Sources => _sources;

    internal IEnumerable<WatchedPoint> Points => _sources.SelectMany(source => source.Points);

    private MonitorOptions OwnOptions => new()
    {
        Mode = _options.AttachMode,
        MaxFlow = _options.MaxFlow,
        Detail = _options.WantsDetails,
        // Flows that are not wanted need no room in the table.
        Filter = FilterCompiler.Fits(_options.Filter) ? _options.Filter : new FlowFilter(),
    };

    /// <summary>Finds and attaches everything that is there. The first sample is due one interval later.</summary>
    /// <param name="fromNow">
    /// Whether the first sample's gains are those from now on, of monitors that run already as well. A monitor is announced when it
    /// has been read, so that what arrives after the announcement is in the first sample.
    /// </param>
    /// <exception cref="XTraceException">This process may watch nothing.</exception>
    public void Open(bool fromNow = true)
    {
        Open(Find(mustExist: true), fromNow);
        if (_options.WantsDetails)
        {
            Try(() => _sample.Owners = new FlowOwners(_report));
        }
        _clock.Restart();
    }

    /// <summary>Time until the next sample is due.</summary>
    internal TimeSpan Left => _clock.Left;

    /// <summary>Changes the time between two samples; the next is due so long from now.</summary>
    internal void Change(TimeSpan interval) => _clock.Change(interval);

    /// <summary>Waits until the next sample is due.</summary>
    /// <param name="step">How often <paramref name="tick"/> is called meanwhile.</param>
    /// <param name="tick">Is called while time passes. Null: nobody wants to know.</param>
    /// <returns>False once somebody has stopped the session.</returns>
    public bool Wait(TimeSpan step, Action? tick = null)
    {
        bool readsEnds = !_ends.IsInvalid;
        return _clock.Wait(readsEnds && step > s_endsStep ? s_endsStep : step, time =>
        {
            if (readsEnds)
            {
                _ends.Poll(time);
                _sources.ForEach(source => source.KeepReading());
            }
            else
            {
                _clock.Pause(time);
            }
            tick?.Invoke();
        });
    }

    /// <summary>Takes a sample of everything, and follows the interfaces.</summary>
    public FlowSample Sample()
    {
        _number++;
        return Take(_sources);
    }

    /// <summary>Takes a sample of the monitors that run already, and lets go of them.</summary>
    public FlowSample SampleMonitors()
    {
        _number++;
        List<FlowSource> monitors = _sources.FindAll(source => !source.IsOwn);
        FlowSample sample = Take(monitors);
        lock (_sources)
        {
            monitors.ForEach(source => source.Dispose());
            _sources.RemoveAll(monitors.Contains);
        }
        return sample;
    }

    /// <summary>Ends every wait, from any thread.</summary>
    public void Stop() => _clock.Stop();

    /// <summary>Takes programs of its own off, from any thread, where the process ends without disposing it.</summary>
    public void Abandon()
    {
        lock (_sources)
        {
            _sources.FindAll(source => source.IsOwn).ForEach(source => source.Monitor.DetachAll());
        }
    }

    /// <summary>Detaches what it attached.</summary>
    public void Dispose()
    {
        _ends.Dispose();
        _sample.Owners?.Dispose();
        foreach (SocketHandle held in _promiscuous.Values)
        {
            held.Dispose();
        }
        lock (_sources)
        {
            _sources.ForEach(source => source.Dispose());
            _sources.Clear();
        }
        _clock.Dispose();
    }

    private FlowSample Take(List<FlowSource> sources)
    {
        sources.ForEach(source => Try(() => source.Renew(_report)));
        sources.ForEach(source => source.FindEnded());
        _ends.Consume();
        sources.ForEach(source => source.Take());
        _sample.Number = _number;
        _sample.Clock = sources.Count > 0 ? sources[0].Meter.Clock : new ClockCalibration(0, 0, DateTime.UtcNow, 1);
        _sample.Timestamp = _sample.Clock.Local;
        IEnumerable<WatchedPoint> points = sources.SelectMany(source => source.Points);
        _sample.Fill(sources, [.. points.OrderBy(point => point.InterfaceIndex).ThenBy(point => point.Direction)]);
        Try(() => _sample.Owners?.Take(_sample.Points));
        sources.ForEach(ReportLoss);
        ReportQueueDrops(sources);
        Follow();
        return _sample;
    }

    /// <summary>Says which frames are in no flow of any sample, though no filter left them out.</summary>
    private void ReportLoss(FlowSource source)
    {
        foreach (WatchedPoint point in source.Points.Where(point => point.ProgramsBefore > point.ReportedBefore))
        {
            point.ReportedBefore = point.ProgramsBefore;
            string name = point.InterfaceName;
            _report(new Notice(
                NoticeLevel.Warning, FlowMessages.ProgramsBefore, name, name, point.Direction, point.ProgramsBefore));
        }
        foreach (WatchedPoint point in source.Points.Where(point => point.Missed.Packets > point.ReportedMissed))
        {
            ulong packets = point.Missed.Packets - point.ReportedMissed;
            point.ReportedMissed += packets;
            _report(new Notice(
                NoticeLevel.Warning, FlowMessages.FlowsEvicted, point.InterfaceName, point.InterfaceName, point.Direction, packets));
        }
    }

    /// <summary>Says how many of the frames that were counted as leaving did not.</summary>
    private void ReportQueueDrops(List<FlowSource> sources)
    {
        WatchedPoint[] leaving = [.. sources.SelectMany(source => source.Points).Where(point => point.Direction == FlowDirection.Egress)];
        IReadOnlyDictionary<int, ulong> drops = leaving.Length == 0 ? new Dictionary<int, ulong>() : QueueDrops.Read();
        foreach (WatchedPoint point in leaving)
        {
            ulong now = drops.GetValueOrDefault(point.InterfaceIndex);
            if (point.QueueDrops is { } before && QueueDrops.Since(before, now) is var dropped and > 0)
            {
                _report(new Notice(NoticeLevel.Warning, FlowMessages.QueueDropped, point.InterfaceName, point.InterfaceName, dropped));
            }
            point.QueueDrops = now;
        }
    }

    /// <summary>Lets go of what has ended, and watches what has appeared.</summary>
    private void Follow()
    {
        foreach (WatchedPoint point in Points.Where(point => point.IsOver).ToArray())
        {
            _known.Remove(point.InterfaceIndex);
            _promiscuous.Remove(point.InterfaceIndex, out SocketHandle? held);
            held?.Dispose();
            bool isExpected = !_patterns.Any(pattern => !IsFollowed(pattern) && pattern.IsMatch(point.InterfaceName));
            _report(isExpected
                ? new Notice(NoticeLevel.Information, FlowMessages.InterfaceLeft, point.InterfaceName, point.InterfaceName)
                : new Notice(new XTraceException(FlowMessages.InterfaceGone, point.InterfaceName, point.InterfaceName)));
        }
        foreach (FlowSource source in _sources.ToArray())
        {
            source.RemoveOver();
            if (!source.Points.Any())
            {
                lock (_sources)
                {
                    source.Dispose();
                    _sources.Remove(source);
                }
            }
        }
        if (_patterns.Any(IsFollowed))
        {
            Open(Find(mustExist: false), fromNow: false);
        }
    }

    private bool IsFollowed(NamePattern pattern) => _options.FollowNames || !pattern.IsExact;

    /// <summary>The interfaces that are wanted and not watched yet. Without following, they are looked for once.</summary>
    private List<NetInterface> Find(bool mustExist)
    {
        IReadOnlyList<NetInterface> all = NetInterfaces.List();
        List<NetInterface> found = [];
        foreach (NamePattern pattern in _patterns.Where(pattern => mustExist || IsFollowed(pattern)))
        {
            IReadOnlyList<NetInterface> matches = NetInterfaces.Choose(all, pattern);
            if (matches.Count == 0 && mustExist)
            {
                _report(IsFollowed(pattern)
                    ? new Notice(NoticeLevel.Information, FlowMessages.NothingMatchesYet, $"{pattern}", pattern)
                    : new Notice(NetInterfaces.NotFound(pattern.Name!, all)));
            }
            found.AddRange(matches.Where(match => !_excluded.Any(pattern => pattern.IsMatch(match.Name)) && _known.Add(match.Index)));
        }
        return found;
    }

    private void Open(List<NetInterface> targets, bool fromNow)
    {
        if (targets.Count == 0)
        {
            return;
        }
        List<WatchedPoint> opened = ReadPinned(targets);
        List<(NetInterface Target, FlowDirection Direction)> own = [];
        foreach (NetInterface target in _options.MonitorsOnly ? [] : targets)
        {
            FlowDirection there = Points.Where(point => point.InterfaceIndex == target.Index)
                .Aggregate((FlowDirection)0, (sum, point) => sum | point.Direction);
            FlowDirection wanted = (DirectionsOf(target.Name) ?? (there == 0 ? FlowDirection.Ingress : 0)) & ~there;
            if (Try(() => ThrowIfOld(target, wanted)))
            {
                own.AddRange(new MonitorOptions { Direction = wanted }.Directions.Select(direction => (target, direction)));
            }
        }
        for (int i = 0; i < own.Count; i++)
        {
            (NetInterface target, FlowDirection direction) = own[i];
            Try(() => opened.Add(AttachOwn(target, direction, own.Count - i, own.Count)));
        }
        _sources.ForEach(source => Try(() => source.Renew(_report)));
        List<FlowSource> begun = fromNow ? _sources.FindAll(source => !source.IsOwn) : [];
        _ends.Consume();
        begun.ForEach(source => source.Begin());
        Announce(opened);
        WarnIfStacked(opened);
        SetQueueDrops(opened);
        begun.ForEach(ReportLoss);
        foreach (NetInterface target in targets.Where(target => opened.Exists(point => point.InterfaceIndex == target.Index)))
        {
            Try(() => MakePromiscuous(target));
        }
    }

    private static void SetQueueDrops(List<WatchedPoint> opened)
    {
        IReadOnlyDictionary<int, ulong> drops = QueueDrops.Read();
        opened.ForEach(point => point.QueueDrops = drops.GetValueOrDefault(point.InterfaceIndex));
    }

    private void MakePromiscuous(NetInterface target)
    {
        if (_options.Promiscuous)
        {
            _promiscuous.Add(target.Index, Promiscuity.Hold(target));
        }
        else
        {
            target.WarnOfHidden(_report);
        }
    }

    private FlowDirection? DirectionsOf(string name) => _options.DirectionsOf.GetValueOrDefault(name, _options.Directions);

    private List<WatchedPoint> ReadPinned(List<NetInterface> targets)
    {
        List<WatchedPoint> opened = [];
        FlowDirection directions = targets
            .Aggregate((FlowDirection)0, (sum, target) => sum | (DirectionsOf(target.Name) ?? FlowDirection.Both));
        HashSet<int> indexes = [.. targets.Select(target => target.Index)];
        foreach ((FlowMonitor monitor, IReadOnlyList<PinnedPoint> points, string folder) in MonitorStore.Open(indexes, directions, _report))
        {
            FlowSource source = new(monitor, folder);
            opened.AddRange(points.Where(IsWanted).ToArray().Select(source.Add));
            if (!source.Points.Any())
            {
                source.Dispose();
                continue;
            }
            lock (_sources)
            {
                _sources.Add(source);
            }
            ReadEnds(source);
        }
        return opened;
    }

    /// <summary>If one direction of an interface has ended, the other may be read already.</summary>
    private bool IsWanted(PinnedPoint point) =>
        (DirectionsOf(point.Name) ?? FlowDirection.Both).HasFlag(point.Direction)
            && !Points.Any(known => (known.InterfaceIndex, known.Direction) == (point.InterfaceIndex, point.Direction));

    private static void ThrowIfOld(NetInterface target, FlowDirection directions)
    {
        if (directions != 0 && MonitorStore.IsIncompatible(target, directions))
        {
            throw new XTraceException(FlowMessages.MonitorIncompatible, target.Name, target.Name);
        }
    }

    private WatchedPoint AttachOwn(NetInterface target, FlowDirection direction, int left, int all)
    {
        MonitorOptions options = OwnOptions with { Direction = _options.Directions ?? FlowDirection.Ingress };
        HookPlan plan = options.PlanFor(target, direction, all, _report);
        foreach (FlowSource source in _sources.Where(source => source.IsOwn))
        {
            if (Attach(source) is { } watched)
            {
                return watched;
            }
        }
        FlowSource made = new(FlowMonitor.Create(options, left, ProcessIdentity.Current, _report), null);
        lock (_sources)
        {
            _sources.Add(made);
        }
        // This comes before anything is counted, so that no end is missed. If the hook refuses, the next interface uses the same monitor.
        ReadEnds(made);
        return Attach(made)!;

        WatchedPoint? Attach(FlowSource source) => source.Monitor.Attach(target, direction, plan, null, _report) is { } point
            ? source.Add(source.Monitor.Points.List().First(found => found.Id == point))
            : null;
    }

    private void ReadEnds(FlowSource source)
    {
        if (!_options.ReadEnds)
        {
            return;
        }
        Try(() => source.TryReadEnds(_ends));
        foreach (WatchedPoint point in source.Points)
        {
            source.BeginMissing(point);
        }
    }

    private void Announce(List<WatchedPoint> opened)
    {
        foreach (FlowSource source in _sources)
        {
            foreach (WatchedPoint point in source.Points.Intersect(opened))
            {
                string name = point.InterfaceName;
                string hook = HookPlan.Describe(point.Hook);
                FlowFilter filter = source.Monitor.Filter;
                Message reading = filter.IsEmpty ? FlowMessages.ReadingMonitor : FlowMessages.ReadingFilteredMonitor;
                _report(point.IsOwn
                    ? new Notice(NoticeLevel.Information, FlowMessages.Watching, name, name, hook, point.Direction, point.Hook)
                    : new Notice(NoticeLevel.Information, reading, name, name, hook, point.Direction, filter));
                if (_options.WantsDetails && !point.HasDetails)
                {
                    _report(new Notice(NoticeLevel.Detail, FlowMessages.DetailsNotKept, name, name, point.Direction));
                }
                if (point.IsOwn && point.Hook == MonitorHook.XdpGeneric && _options.AttachMode == AttachMode.Auto)
                {
                    _report(new Notice(NoticeLevel.Warning, FlowMessages.GenericXdp, name, name));
                }
            }
        }
    }

    /// <summary>A sum over all flows would count some packets twice.</summary>
    private void WarnIfStacked(List<WatchedPoint> opened)
    {
        HashSet<int> watched = [.. Points.Select(point => point.InterfaceIndex)];
        HashSet<int> added = [.. opened.Select(point => point.InterfaceIndex)];
        StackedInterfaces.Report(watched, added, _report);
    }

    /// <summary>Does something for one interface: its error is told, and the others go on.</summary>
    private bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (XTraceException error)
        {
            _report(new Notice(error));
            return false;
        }
    }
}
