using System.Diagnostics;
using System.Net;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Rdma;

namespace XTrace.Processes;

/// <summary>
/// The processes of RoCE flows. Queue pairs are read when a sample's first RoCE flow is looked up, so nobody pays without RoCE,
/// and so rarely that it takes 1 % of the time at most.
/// </summary>
internal sealed class QueuePairOwners(Action<Notice> report) : IDisposable
{
    /// <summary>Reading a table of GIDs takes a system call for each of up to 1,024 entries.</summary>
    private static readonly TimeSpan s_addressesLast = TimeSpan.FromSeconds(10);

    private readonly QueuePairEnds _ends = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly Dictionary<string, HashSet<(ulong, ulong)>> _addresses = [];
    private RdmaQueuePairs? _netlink;
    private QueuePairPaths? _paths;
    private TimeSpan _next;
    private TimeSpan _nextAddresses;
    private bool _isDue = true;
    private bool _hasFailed;

    /// <summary>Begins a sample.</summary>
    internal void Begin() => _isDue = true;

    /// <summary>The queue pair at a RoCE flow's end on this machine.</summary>
    internal FlowOwner Find(in FlowKey key, bool isSourceHere)
    {
        if (_isDue && _time.Elapsed >= _next)
        {
            TryRead();
        }
        _isDue = false;
        return _ends.Find(in key, isSourceHere);
    }

    public void Dispose()
    {
        _paths?.Dispose();
        _netlink?.Dispose();
    }

    private void TryRead()
    {
        if (!Sysfs.IsLive)
        {
            Fail(new Notice(NoticeLevel.Detail, RdmaMessages.QueuePairsOfKernelOnly, null, Sysfs.RootVariable));
            return;
        }
        try
        {
            if (_netlink == null)
            {
                _netlink = new RdmaQueuePairs();
                _paths = QueuePairPaths.TryOpen(report);
            }
            TimeSpan before = _netlink.Spent;
            Read(_netlink);
            _next = _time.Elapsed + ((_netlink.Spent - before) / QueuePairSampler.MostOfTime);
        }
        catch (XTraceException error)
        {
            Fail(new Notice(NoticeLevel.Detail, RdmaMessages.QueuePairsUnreadable, null, Sysfs.InfiniBand, error.Message));
        }
    }

    private void Read(RdmaQueuePairs netlink)
    {
        List<QueuePairEnd> ends = [];
        Dictionary<int, SocketOwner> owners = [];
        IReadOnlyList<(int Index, string Name)> devices = netlink.Devices;
        ReadAddresses(devices);
        foreach ((int index, string name) in devices)
        {
            List<QueuePairEntry> entries = [];
            List<ConnectionEntry> connections = [];
            netlink.Read(index, name, entries);
            netlink.ReadConnections(index, connections);
            ILookup<int, ConnectionEntry> managed = connections.ToLookup(connection => connection.QueuePair);
            IReadOnlyDictionary<(uint, uint), QueuePairPath>? paths = _paths?.Consume();
            foreach (QueuePairEntry entry in entries)
            {
                QueuePairPath path = paths?.GetValueOrDefault(((uint)index, (uint)entry.Number)) ?? default;
                ends.Add(new QueuePairEnd(name, entry.Number, OwnerOf(entry.ThreadId, owners))
                {
                    RemoteNumber = entry.RemoteNumber,
                    RemoteAddress = managed[entry.Number].FirstOrDefault().Remote ?? path.RemoteGid,
                });
            }
        }
        _ends.Replace(ends, _addresses);
    }

    private static SocketOwner OwnerOf(int? threadOrNone, Dictionary<int, SocketOwner> owners)
    {
        if (threadOrNone is not { } thread)
        {
            return default;
        }
        if (!owners.TryGetValue(thread, out SocketOwner owner))
        {
            owner = ThreadOwner.Find(thread).ProcessId is { } process ? SocketHolders.Describe(process) : default;
            owners[thread] = owner;
        }
        return owner;
    }

    private void ReadAddresses(IReadOnlyList<(int Index, string Name)> devices)
    {
        if (_time.Elapsed < _nextAddresses && devices.All(device => _addresses.ContainsKey(device.Name)))
        {
            return;
        }
        _addresses.Clear();
        foreach (string name in devices.Select(device => device.Name))
        {
            _addresses[name] = [.. new DeviceFolder(name).Ports
                .SelectMany(port => GidTable.Read(port.Path)).Select(gid => QueuePairEnds.AddressOf(IPAddress.Parse(gid.Gid)))];
        }
        _nextAddresses = _time.Elapsed + s_addressesLast;
    }

    /// <summary>Says once why queue pairs are not known.</summary>
    private void Fail(Notice notice)
    {
        if (!_hasFailed)
        {
            _hasFailed = true;
            report(notice);
        }
    }
}
