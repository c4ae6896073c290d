using System.Diagnostics;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Sessions;

/// <summary>A monitor that a session reads, and which of its points.</summary>
internal sealed unsafe class FlowSource : IDisposable
{
    /// <summary>For how long the kernel reports ends to a reader that does not come back.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Time between two signs that the reader is still there.</summary>
    private static readonly TimeSpan s_signs = TimeSpan.FromSeconds(1);

    private readonly Dictionary<uint, (WatchedPoint Point, PointPin? Pin)> _points = [];
    private readonly Dictionary<WatchedPoint, FlowTotals> _totals = [];
    private readonly Dictionary<WatchedPoint, FrameCount> _unread = [];
    private readonly Dictionary<uint, uint> _refused = []; // the suspend after which a driver refused a point's program
    private readonly string? _folder;
    private BpfMemory? _control;
    private int _readerLock = -1;
    private long? _lastSign;

    /// <param name="monitor">The monitor; this closes it.</param>
    /// <param name="folder">Where it is pinned; null for the session's own.</param>
    internal FlowSource(FlowMonitor monitor, string? folder)
    {
        Monitor = monitor;
        _folder = folder;
    }

    internal FlowMonitor Monitor { get; }

    internal FlowMeter Meter { get; } = new();

    internal bool IsOwn => _folder == null;

    /// <summary>Whether the monitor reports flows that make room to this session.</summary>
    internal bool ReadsEnds => _control != null;

    internal IEnumerable<WatchedPoint> Points => _points.Values.Select(entry => entry.Point);

    /// <summary>Reads a pinned point.</summary>
    internal WatchedPoint Add(PinnedPoint pinned)
    {
        Point point = pinned.Point!.Value;
        WatchedPoint watched = new(point.Id, pinned.Name, pinned.InterfaceIndex, point.Direction, point.Hook, isOwn: false)
        {
            StartedNanoseconds = point.StartedNanoseconds,
            HasDetails = Monitor.HasDetails,
        };
        _points.Add(point.Id, (watched, pinned.Pin));
        return watched;
    }

    /// <summary>Reads a point that the session attached.</summary>
    internal WatchedPoint Add(Point point)
    {
        WatchedPoint watched = new(point.Id, point.Name, point.InterfaceIndex, point.Direction, point.Hook, isOwn: true)
        {
            StartedNanoseconds = point.StartedNanoseconds,
            HasDetails = Monitor.HasDetails,
        };
        _points.Add(point.Id, (watched, null));
        return watched;
    }

    /// <summary>The point of a row; null where the session does not want it.</summary>
    internal WatchedPoint? PointOf(in FlowRow row) =>
        _points.TryGetValue(row.Point, out (WatchedPoint Point, PointPin? Pin) found) ? found.Point : null;

    /// <summary>Has the monitor report flows that make room, unless another session has it do so.</summary>
    /// <returns>False where another has.</returns>
    internal bool TryReadEnds(BpfRing ring)
    {
        if (_control == null && (_folder == null || PinLock.TryLock(_folder, TimeSpan.Zero, out _readerLock)))
        {
            BpfMemory control = new(Monitor.Maps.Control, sizeof(MonitorControl), isWritable: true);
            try
            {
                ring.Add(Monitor.Maps.Ends, AddEnd);
            }
            catch
            {
                // Nobody reads them, so the kernel must not be told to write them.
                control.Dispose();
                throw;
            }
            _control = control;
            KeepReading();
        }
        return _control != null;
    }

    /// <summary>Flows that made room before the session began are in none of its samples, and nobody asked for them.</summary>
    internal void BeginMissing(WatchedPoint point)
    {
        point.Totals = Monitor.Points.ReadTotals(point.Id);
        _unread[point] = UnreadOf(point.Totals);
    }

    /// <summary>The session's samples begin now: what was counted so far is not theirs.</summary>
    internal void Begin()
    {
        FindEnded();
        Take();
        foreach (WatchedPoint point in Points)
        {
            FlowTotals totals = _totals[point];
            point.Before = (Meter.LedgerOf(point.Id).InTable + totals.Evicted + totals.Reported + totals.Ignored, totals.Ignored);
            point.LeftOut = default;
        }
    }

    /// <summary>Tells the kernel, once a second however often it is called, that somebody still reads ends.</summary>
    internal void KeepReading()
    {
        bool isDue = _lastSign is not { } last || Stopwatch.GetElapsedTime(last) >= s_signs;
        if (_control is { } control && isDue)
        {
            _lastSign = Stopwatch.GetTimestamp();
            ClockCalibration now = Monitor.Calibrate();
            MonitorControl* word = (MonitorControl*)control.Start;
            Volatile.Write(ref word->ReadUntil, now.Jiffies + (uint)(s_patience.TotalSeconds * 1e9 / now.TickNanoseconds));
            Volatile.Write(ref word->IsRead, 1);
        }
    }

    /// <summary>Hands programs to drivers that forgot them while the machine was suspended.</summary>
    /// <param name="report">Is told which, and once of a refusal.</param>
    /// <exception cref="XTraceException">The monitors cannot be locked.</exception>
    internal void Renew(Action<Notice> report)
    {
        if (!Points.Any(point => point.Hook == MonitorHook.XdpNative) || Forgotten(Monitor.Calibrate()).Count == 0)
        {
            return;
        }
        try
        {
            // Several processes may read a pinned monitor. The first hands the program over, and the others find that in their next sample.
            using PinLock? held = IsOwn ? null : PinLock.TryTake();
            if (IsOwn || held is not null)
            {
                // Asked once more: this process may have been held up between its two clocks, and another may have been first.
                ClockCalibration now = Monitor.Calibrate();
                Forgotten(now).ForEach(point => Renew(point, in now, report));
            }
        }
        catch (UnauthorizedAccessException)
        {
            // The monitor is another user's, who may take samples as well.
        }
    }

    /// <summary>The points on native XDP whose driver got the program before the machine was last suspended.</summary>
    private List<Point> Forgotten(ClockCalibration now) =>
    [
        .. Points.Where(watched => watched.Hook == MonitorHook.XdpNative)
            .Select(watched => Monitor.Points.Find(watched.InterfaceIndex, watched.Direction))
            .OfType<Point>()
            .Where(point => _points.ContainsKey(point.Id) && now.WasSuspendedSince(point.SuspendedMilliseconds)
                && _refused.GetValueOrDefault(point.Id) != now.SuspendedMilliseconds),
    ];

    private void Renew(Point point, in ClockCalibration now, Action<Notice> report)
    {
        NetInterface? target = NetInterfaces.List().FirstOrDefault(known => known.Index == point.InterfaceIndex);
        if (target?.Driver is not { } driver)
        {
            return;
        }
        try
        {
            if (target.ForgetsXdpInSuspend && Renew(point, target))
            {
                report(new Notice(NoticeLevel.Warning, FlowMessages.RenewedXdp, target.Name, target.Name, driver));
            }
            Monitor.Points.SetRenewed(point.Id, in now);
        }
        catch (XTraceException error)
        {
            _refused[point.Id] = now.SuspendedMilliseconds;
            report(new Notice(error));
        }
    }

    private bool Renew(Point point, NetInterface target)
    {
        if (_points[point.Id].Pin is not { } pin)
        {
            return Monitor.Renew((LinkAttachment)Monitor.AttachmentOf(point.Id), target);
        }
        if (!FileStatus.IsThere(pin.Path))
        {
            return false;
        }
        using Attachment pinned = Attachment.Open(pin.Path, point);
        return Monitor.Renew((LinkAttachment)pinned, target);
    }

    /// <summary>
    /// Finds out which points have ended. A sample has all that they counted only if this is asked before anything is read.
    /// </summary>
    internal void FindEnded()
    {
        foreach ((WatchedPoint point, PointPin? pin) in _points.Values)
        {
            bool hadEnded = point.HasEnded;
            (point.HasEnded, point.ProgramsBefore) = Ask(point, pin);
            if (point.HasEnded && IsOwn)
            {
                // An interface that is about to go has lost its name already, and frames may still be on their way to it.
                Monitor.TakeOff(point.Id);
            }
            point.ReportedAtEnd = hadEnded ? null : TotalsOf(point).ReportedPackets;
        }
    }

    /// <summary>
    /// Takes a snapshot. It is the last of a point that has ended, unless flows of it made room for others meanwhile: their ends
    /// come with the next one.
    /// </summary>
    internal void Take()
    {
        // Flows that make room from here on may still be in the snapshot.
        foreach (WatchedPoint point in Points)
        {
            _totals[point] = TotalsOf(point);
        }
        Meter.Take(Monitor, IsPoint);
        foreach (WatchedPoint point in Points)
        {
            ulong since = Math.Max(point.StartedNanoseconds, Meter.PreviousClock?.BootNanoseconds ?? 0);
            point.MeasuredSeconds = Math.Max(1e-3, (Meter.Clock.BootNanoseconds - (double)since) / 1e9);
            point.Missed = FrameCount.Max(point.Missed, MissedOf(point));
            point.Totals = TotalsOf(point);
            point.IsOver = point.HasEnded && (point.ReportedAtEnd ?? point.Totals.ReportedPackets) == point.Totals.ReportedPackets;
        }
    }

    /// <summary>Lets go of points that have ended.</summary>
    internal void RemoveOver()
    {
        foreach (WatchedPoint point in Points.Where(point => point.IsOver).ToArray())
        {
            _points.Remove(point.Id);
            _totals.Remove(point);
            _unread.Remove(point);
            Meter.Forget(point.Id);
            if (IsOwn)
            {
                Monitor.Detach(point.Id);
            }
        }
    }

    public void Dispose()
    {
        if (_control is { } control)
        {
            Volatile.Write(ref ((MonitorControl*)control.Start)->IsRead, 0);
            control.Dispose();
        }
        if (_readerLock >= 0)
        {
            _ = Libc.close(_readerLock);
        }
        Monitor.Dispose();
    }

    /// <summary>A point that another process has removed is read once more.</summary>
    private bool IsPoint(uint id) => Monitor.Points.IsPoint(id) || (_points.ContainsKey(id) && Monitor.Points.HasTotals(id));

    /// <summary>A point's totals now, or in the last sample if another point has taken its place since.</summary>
    private FlowTotals TotalsOf(WatchedPoint point) =>
        Monitor.Points.HasTotals(point.Id) ? Monitor.Points.ReadTotals(point.Id) : point.Totals;

    /// <summary>A monitor without details reports ends that have as much less.</summary>
    private void AddEnd(ReadOnlySpan<byte> record)
    {
        FlowEnd end = default;
        record.CopyTo(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref end, 1)));
        Meter.AddEnd(in end);
    }

    /// <summary>
    /// The evicted packets that no sample has. While frames arrive, the number may be too small by those that are on their way. It
    /// is never too large.
    /// </summary>
    private FrameCount MissedOf(WatchedPoint point)
    {
        PointLedger ledger = Meter.LedgerOf(point.Id);
        FrameCount unread = UnreadOf(_totals[point]) - _unread.GetValueOrDefault(point);
        return ledger.InTable + ledger.Arrived + ledger.Lost + unread - ledger.Gained;
    }

    /// <summary>Frames of flows that made room, and whose ends this session does not get.</summary>
    private FrameCount UnreadOf(FlowTotals totals) => totals.Evicted + (ReadsEnds ? default : totals.Reported);

    /// <summary>Whether a point has ended, and how many programs of others run before it.</summary>
    private (bool HasEnded, int ProgramsBefore) Ask(WatchedPoint point, PointPin? pin)
    {
        if (pin is { } pinned)
        {
            return PinnedPoint.Query(Monitor, pinned) is { State: MonitorState.Running, Point: { } now } found && now.Id == point.Id
                ? (false, found.ProgramsBefore)
                : (true, 0);
        }
        Attachment attachment = Monitor.AttachmentOf(point.Id);
        int index = attachment.Query().InterfaceIndex;
        return index == 0 || NetInterfaces.NameOf(index) == null ? (true, 0) : (false, attachment.CountProgramsBefore());
    }
}
