using System.Diagnostics;
using XTrace.Messages;
using XTrace.Processes;

namespace XTrace.Rdma;

/// <summary>
/// Samples queue pairs. Between two samples it looks at them as often as their sequence numbers need, which have 24 bits; but
/// it spends at most 1 % of the time in the kernel, where each queue pair that is listed costs the device a query.
/// </summary>
internal sealed class QueuePairSampler : IDisposable
{
    /// <summary>The share of the time that may be spent in listing queue pairs.</summary>
    internal const double MostOfTime = 0.01;

    /// <summary>Looks are four times as frequent as half of the numbers can pass, so that a late one does no harm.</summary>
    private const double Share = 0.25;

    /// <summary>Up to this many queue pairs are read one by one. More are listed with all others of their device.</summary>
    private const int Few = 16;

    /// <summary>
    /// Drivers that answer from the hardware, or are the hardware: query_qp in drivers/infiniband. For other drivers, a number
    /// that has never moved does not count: it may be the number that the connection began with.
    /// </summary>
    private static readonly HashSet<string> s_live = ["mlx5_core", "mlx4_core", "rdma_rxe", "hfi1", "ib_qib"];

    private static readonly Dictionary<(uint, uint), QueuePairPath> s_noPaths = [];

    private readonly QueuePairFilter _filter;
    private readonly Action<Notice> _report;
    private readonly QueuePairTracker _tracker = new(ThreadOwner.Find);
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly List<QueuePairEntry> _entries = [];
    private readonly List<ConnectionEntry> _connections = [];
    private readonly HashSet<string> _failed = [];
    private readonly Dictionary<int, string?> _containers = [];
    private RdmaQueuePairs? _netlink;
    private QueuePairPaths? _paths;
    private Dictionary<(string Device, int Port), QueuePairPort> _ports = [];
    private IReadOnlyList<(int Index, string Name)> _devices = [];
    private TimeSpan _lookNeeded = TimeSpan.MaxValue;
    private TimeSpan _lastLook;
    private TimeSpan _lastCost;
    private bool _saidStretched;

    internal QueuePairSampler(QueuePairFilter filter, Action<Notice> report) => (_filter, _report) = (filter, report);

    /// <summary>Begins. Where the kernel has no RDMA netlink, or another machine's sysfs is read, there are no queue pairs.</summary>
    internal void Open()
    {
        if (!Sysfs.IsLive)
        {
            _report(new Notice(NoticeLevel.Detail, RdmaMessages.QueuePairsOfKernelOnly, null, Sysfs.RootVariable));
            return;
        }
        try
        {
            _netlink = new RdmaQueuePairs();
            _ = _netlink.Devices; // so that the first look takes no longer than the others
        }
        catch (XTraceException error)
        {
            _report(new Notice(NoticeLevel.Detail, RdmaMessages.QueuePairsUnreadable, null, Sysfs.InfiniBand, error.Message));
            return;
        }
        _paths = QueuePairPaths.TryOpen(_report);
    }

    /// <summary>
    /// Time until the next look between samples. The sample is a look as well: one that would make it come later is left out,
    /// unless the numbers could wrap until then.
    /// </summary>
    /// <param name="untilSample">Time until the next sample.</param>
    internal TimeSpan UntilLook(TimeSpan untilSample)
    {
        if (_netlink is null || _lookNeeded == TimeSpan.MaxValue || (untilSample < _lastCost / MostOfTime && untilSample < _lookNeeded))
        {
            return TimeSpan.MaxValue;
        }
        TimeSpan needed = _lastLook + _lookNeeded - _time.Elapsed;
        TimeSpan wait = needed < UntilAffordable ? UntilAffordable : needed;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Time until a look is allowed: 99 times as long as the last one took must pass behind it. Zero for now.</summary>
    internal TimeSpan UntilAffordable
    {
        get
        {
            TimeSpan wait = _lastLook + (_lastCost / MostOfTime) - _time.Elapsed;
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }

    /// <summary>Says which ports are wanted, after their counters were read.</summary>
    internal void Use(IEnumerable<CounterPlace> places)
    {
        if (_netlink is null)
        {
            return;
        }
        Dictionary<(string, int), QueuePairPort> before = _ports;
        _ports = [];
        foreach (CounterPlace place in places.Where(place => place.Port is not null))
        {
            (string, int) key = (place.Device, place.Port!.Value);
            bool isKnown = before.TryGetValue(key, out QueuePairPort? port) && port.Place == place;
            _ports[key] = isKnown ? port! : new QueuePairPort(place);
            if (isKnown)
            {
                port!.Begin();
            }
        }
    }

    /// <summary>Looks at all queue pairs of the wanted devices.</summary>
    internal void Look()
    {
        if (_netlink is null)
        {
            return;
        }
        (TimeSpan began, TimeSpan spent) = (_time.Elapsed, Spent);
        try
        {
            HashSet<string> wanted = [.. _ports.Keys.Select(port => port.Device)];
            _devices = [.. _netlink.Devices.Where(device => wanted.Contains(device.Name))];
        }
        catch (XTraceException error)
        {
            Fail(Sysfs.InfiniBand, error);
        }
        _tracker.Keep(_devices.Select(device => device.Index).ToHashSet());
        foreach ((int index, string name) in _devices)
        {
            LookAt(index, name);
        }
        End(began, spent);
    }

    /// <summary>Looks between two samples, if it is due: at the wanted ones alone where they are few.</summary>
    /// <param name="untilSample">Time until the next sample.</param>
    internal void LookIfDue(TimeSpan untilSample)
    {
        if (_netlink is null || UntilLook(untilSample) > TimeSpan.Zero)
        {
            return;
        }
        if (_time.Elapsed - _lastLook > _lookNeeded / Share)
        {
            TellStretched(_lookNeeded);
        }
        (TimeSpan first, TimeSpan spent) = (_time.Elapsed, Spent);
        foreach ((int index, string name) in _devices)
        {
            TrackedQueuePair[] wanted = [.. Counting.Where(pair => pair.Entry.Device == name)];
            if (wanted.Length > Few)
            {
                LookAt(index, name);
                continue;
            }
            _entries.Clear();
            TimeSpan began = _time.Elapsed;
            Array.ForEach(wanted, pair => _netlink.ReadOne(index, name, pair.Entry.Port!.Value, pair.Entry.Number, _entries));
            _tracker.Take(index, _entries, _paths?.Consume() ?? s_noPaths, new LookTime(began, _time.Elapsed), PacketsPerSecond);
        }
        End(first, spent);
    }

    /// <summary>Ends a sample: the wanted queue pairs, by device, port and number.</summary>
    internal IReadOnlyList<RdmaQueuePair> Sample(long number, DateTime timestamp)
    {
        List<RdmaQueuePair> sample = [];
        _containers.Clear();
        foreach ((int index, string name) in _devices)
        {
            Dictionary<int, ConnectionEntry> connections = Connections(index, name);
            foreach (TrackedQueuePair pair in _tracker.All
                .Where(pair => pair.Entry.Device == name)
                .OrderBy(pair => (pair.Entry.Port, pair.Entry.Number)))
            {
                QueuePairPort? port = PortOf(pair.Entry);
                pair.AddBytes(Smaller(port?.MeanPacket, pair.Path?.PathMtu));
                if (IsOfWantedPort(pair.Entry) && _filter.Wants(pair))
                {
                    sample.Add(Row(pair, port, connections.GetValueOrDefault(pair.Entry.Number), number, timestamp));
                }
                (double? sent, double? received) = pair.Rates;
                port?.Saw(Math.Max(sent ?? 0, received ?? 0));
                pair.EndSample();
            }
        }
        return sample;
    }

    public void Dispose()
    {
        _paths?.Dispose();
        _netlink?.Dispose();
    }

    private TimeSpan Spent => _netlink?.Spent ?? TimeSpan.Zero;

    /// <summary>Those whose sequence numbers must not wrap unseen.</summary>
    private IEnumerable<TrackedQueuePair> Counting =>
        _tracker.All.Where(pair => pair.IsConnected && PortOf(pair.Entry) is not null && _filter.Wants(pair));

    private QueuePairPort? PortOf(QueuePairEntry entry) => _ports.GetValueOrDefault((entry.Device, entry.Port ?? 0));

    /// <summary>A queue pair without a port counts if all ports of its device are selected.</summary>
    private bool IsOfWantedPort(QueuePairEntry entry) => entry.Port is null || PortOf(entry) is not null;

    private double PacketsPerSecond(QueuePairEntry entry, QueuePairPath? path) => PortOf(entry)?.PacketsPerSecond(path?.PathMtu) ?? 0;

    private void LookAt(int index, string name)
    {
        _entries.Clear();
        TimeSpan began = _time.Elapsed;
        try
        {
            _netlink!.Read(index, name, _entries);
            // While queue pairs come and go the kernel may leave out one that stays.
            foreach ((int missing, int port) in _tracker.Missing(index, _entries))
            {
                _netlink.ReadOne(index, name, port, missing, _entries);
            }
            _failed.Remove(name);
        }
        catch (XTraceException error)
        {
            Fail(name, error);
            return;
        }
        _tracker.Look(index, _entries, _paths?.Consume() ?? s_noPaths, new LookTime(began, _time.Elapsed), PacketsPerSecond);
    }

    /// <summary>Notes after a look what it cost, and when the next one is needed.</summary>
    private void End(TimeSpan began, TimeSpan spentBefore)
    {
        (_lastLook, _lastCost) = (began, Spent - spentBefore);
        double fastest = Counting.Select(pair => PacketsPerSecond(pair.Entry, pair.Path)).DefaultIfEmpty(0).Max();
        _lookNeeded = fastest > 0 ? TimeSpan.FromSeconds(Share * SequenceCounter.Half / fastest) : TimeSpan.MaxValue;
    }

    private Dictionary<int, ConnectionEntry> Connections(int index, string name)
    {
        _connections.Clear();
        try
        {
            _netlink!.ReadConnections(index, _connections);
        }
        catch (XTraceException error)
        {
            Fail(name, error);
        }
        Dictionary<int, ConnectionEntry> connections = [];
        _connections.ForEach(connection => connections[connection.QueuePair] = connection);
        return connections;
    }

    /// <summary>Says once what cannot be listed.</summary>
    private void Fail(string name, XTraceException error)
    {
        if (_failed.Add(name))
        {
            _report(new Notice(NoticeLevel.Warning, RdmaMessages.QueuePairsUnreadable, name, name, error.Message));
        }
    }

    /// <summary>Says once that samples or looks come later than asked for.</summary>
    internal void TellStretched(TimeSpan wanted)
    {
        if (!_saidStretched && _netlink is not null)
        {
            _saidStretched = true;
            TimeSpan affordable = _lastCost / MostOfTime;
            _report(new Notice(
                NoticeLevel.Warning, RdmaMessages.QueuePairsStretched, null,
                Math.Ceiling(_lastCost.TotalMilliseconds), Math.Ceiling(affordable.TotalMilliseconds),
                Math.Ceiling(wanted.TotalMilliseconds)));
        }
    }

    private RdmaQueuePair Row(TrackedQueuePair pair, QueuePairPort? port, ConnectionEntry connection, long number, DateTime timestamp)
    {
        QueuePairEntry entry = pair.Entry;
        QueuePairPath? path = pair.IsConnected ? pair.Path : null;
        bool isCounted = pair.HasMoved || (port?.Place.Driver is { } driver && s_live.Contains(driver));
        (double? sent, double? received) = isCounted ? pair.Rates : default;
        return new RdmaQueuePair
        {
            Sample = number,
            Timestamp = timestamp,
            Device = entry.Device,
            Port = entry.Port,
            InterfaceAlias = port?.Place.Interfaces is [var surest, ..] ? surest.InterfaceAlias : null,
            QueuePair = entry.Number,
            Type = entry.Type,
            State = entry.State,
            RemoteQueuePair = pair.IsConnected ? entry.RemoteNumber : null,
            LocalAddress = connection.Local?.ToString() ?? port?.LocalAddress(path is { HasGid: not 0 } own ? own.LocalGidIndex : null),
            RemoteAddress = connection.Remote?.ToString() ?? path?.RemoteGid?.ToString(),
            LocalLid = port?.Lid,
            RemoteLid = path?.RemoteLid,
            PathMtu = path?.PathMtu,
            ServiceLevel = path?.ServiceLevel,
            TrafficClass = path is { HasGid: not 0 } routed ? routed.TrafficClass : null,
            SendSequence = pair.IsConnected ? (int?)entry.SendSequence : null,
            ReceiveSequence = pair.IsConnected ? (int?)entry.ReceiveSequence : null,
            SentPackets = isCounted ? pair.Sent : null,
            ReceivedPackets = isCounted ? pair.Received : null,
            SentPacketsPerSecond = sent,
            ReceivedPacketsPerSecond = received,
            EstimatedSentBytes = isCounted ? (ulong?)pair.SentBytes : null,
            EstimatedBytesPerSecond = (sent + received) * Smaller(port?.MeanPacket, path?.PathMtu),
            IsAmbiguous = isCounted && pair.IsAmbiguous,
            ProcessId = pair.Owner.ProcessId,
            ProcessName = pair.Owner.Name,
            Owner = entry.KernelUser ?? pair.Owner.Name,
            Container = ContainerOf(pair.Owner.ProcessId),
        };
    }

    /// <summary>The container of a process, which is read once a sample.</summary>
    private string? ContainerOf(int? process)
    {
        if (process is not { } id)
        {
            return null;
        }
        if (!_containers.TryGetValue(id, out string? container))
        {
            _containers[id] = container = Container.Find(id)?.Id;
        }
        return container;
    }

    private static double? Smaller(double? mean, int? limit) => mean > limit ? limit : mean;
}
