using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Sessions;

namespace XTrace.Processes;

/// <summary>The sockets of this machine, read anew for each sample, and its queue pairs, and what they tell of flows.</summary>
internal sealed class FlowOwners : IDisposable
{
    private const ulong MappedAny = 0xffff0000; // 0.0.0.0, v4-mapped, as it lies in memory

    private readonly Action<Notice> _report;
    private readonly SocketReader _reader;
    private readonly ProcessBook _book = new();
    private readonly EndedSockets _ended = new();
    private readonly PeerNamespaces _peers = new();
    private readonly QueuePairOwners _queuePairs;
    private readonly Dictionary<OwnerGap, int> _gaps = [];
    private readonly uint _here = (uint)NetworkNamespace.CurrentInode;
    private readonly bool _isHost;
    private SocketTable _current = new();
    private SocketTable _previous = new();
    private LocalAddresses _addresses = LocalAddresses.Read();
    private (int Namespaces, int Processes) _reportedUnread;

    /// <param name="report">Is told how sockets are read, and what is not known.</param>
    /// <exception cref="XTraceException">The kernel tells of no sockets at all.</exception>
    internal FlowOwners(Action<Notice> report)
        : this(report, OpenReader(report))
    {
    }

    /// <param name="report">Is told what is not known.</param>
    /// <param name="reader">Reads the sockets; this disposes it.</param>
    internal FlowOwners(Action<Notice> report, SocketReader reader)
    {
        _report = report;
        _reader = reader;
        _queuePairs = new QueuePairOwners(report);
        _reader.Read(_current);
        _isHost = _reader.HostNet is var host && (host == 0 || host == _here);
    }

    /// <summary>Sockets that were read.</summary>
    internal int Count => _current.Count;

    /// <summary>Reads all sockets.</summary>
    /// <param name="points">Where flows are watched now.</param>
    internal void Take(IReadOnlyList<WatchedPoint> points)
    {
        (_current, _previous) = (_previous, _current);
        _current.Clear();
        _book.Refresh();
        _gaps.Clear();
        _queuePairs.Begin();
        _reader.Read(_current);
        KeepWhatIsGone();
        _reader.ReadEnded((in SocketRow row) => _ended.Set(in row));
        _addresses = LocalAddresses.Read();
        _peers.Read(_current, [.. points.Select(point => point.InterfaceIndex)]);
        ReportUnread();
    }

    /// <summary>The socket at a flow's end on this machine. Flows without one are counted.</summary>
    internal FlowOwner Find(in FlowKey key, WatchedPoint point)
    {
        FlowOwner owner = Search(in key, point);
        if (owner.Gap != OwnerGap.None)
        {
            _gaps[owner.Gap] = _gaps.GetValueOrDefault(owner.Gap) + 1;
        }
        return owner;
    }

    /// <summary>The process at a flow's end on this machine, for a record of the flow; null where it is not known.</summary>
    internal RecordOwner? Describe(in FlowKey key, WatchedPoint point)
    {
        FlowOwner owner = Search(in key, point);
        return owner.IsKnown
            ? new RecordOwner((int)owner.Row.Owner.Pid, owner.Row.Owner.Name, ContainerOf(in owner).Id ?? "")
            : null;
    }

    /// <summary>Reports how many of the flows that were looked up since the last sample have no process, and why.</summary>
    internal void ReportGaps()
    {
        foreach ((OwnerGap gap, int flows) in _gaps)
        {
            Message message = gap switch
            {
                OwnerGap.NoPorts => OwnerMessages.NoPorts,
                OwnerGap.NoSocket => OwnerMessages.NoSocket,
                OwnerGap.NoProcess => OwnerMessages.NoProcess,
                OwnerGap.NoQueuePair => OwnerMessages.NoQueuePair,
                OwnerGap.QueuePairWithoutProcess => OwnerMessages.QueuePairWithoutProcess,
                _ => OwnerMessages.Ambiguous,
            };
            _report(new Notice(NoticeLevel.Detail, message, null, flows));
        }
        _gaps.Clear();
    }

    internal string UserOf(in FlowOwner owner) => _book.UserOf(owner.Row.Owner.Uid);

    internal Container ContainerOf(in FlowOwner owner) => _book.ContainerOf(in owner.Row.Owner, owner.IsEnded);

    /// <summary>The limit of a connection since the previous sample, or since it began.</summary>
    internal FlowLimit LimitOf(in FlowOwner owner)
    {
        SocketRow row = owner.Row;
        int index = _previous.Find(Endpoints.From(in row), row.Id.Net);
        SocketRow before = index >= 0 ? _previous.Rows[index] : default;
        uint busy = row.Busy - before.Busy;
        uint receiver = row.ReceiverLimited - before.ReceiverLimited;
        uint buffer = row.BufferLimited - before.BufferLimited;
        // A sender with nothing under way for most of the time is not held up, whatever the last segment met.
        bool isIdle = busy == 0 || (before.HasTcp && !owner.IsEnded && busy < (row.Now - before.Now) / 2);
        return isIdle || (row.Flags & OwnersAbi.AppLimited) != 0 ? FlowLimit.Application
            : receiver > busy / 2 ? FlowLimit.ReceiverWindow
            : buffer > busy / 2 ? FlowLimit.SendBuffer
            : FlowLimit.CongestionWindow;
    }

    public void Dispose()
    {
        _queuePairs.Dispose();
        _reader.Dispose();
    }

    /// <summary>BPF if the kernel supports it and this process may use it, otherwise sock_diag.</summary>
    private static SocketReader OpenReader(Action<Notice> report)
    {
        if (!SocketProgram.HasBtf)
        {
            report(new Notice(NoticeLevel.Detail, OwnerMessages.NoBtf, null));
            return new SocketDiagnosis();
        }
        try
        {
            return new SocketProgram(recordEnds: true);
        }
        catch (BpfException error)
        {
            report(new Notice(NoticeLevel.Detail, OwnerMessages.NoProgram, null, error.Message.Split('\n')[0].TrimEnd()));
            return new SocketDiagnosis();
        }
    }

    /// <summary>Flows outlive their sockets.</summary>
    private void KeepWhatIsGone()
    {
        foreach (ref readonly SocketRow row in _previous.Rows)
        {
            if (row.IsConnected && _current.Find(Endpoints.From(in row), row.Id.Net) < 0)
            {
                SocketRow last = row;
                last.State = (byte)TcpState.Closed;
                _ended.Set(in last);
            }
        }
    }

    private void ReportUnread()
    {
        (int Namespaces, int Processes) unread = (_reader.UnreadNamespaces, _reader.UnreadProcesses);
        if (unread.Namespaces > 0 && unread.Namespaces != _reportedUnread.Namespaces)
        {
            _report(new Notice(NoticeLevel.Detail, OwnerMessages.UnreadNamespaces, null, unread.Namespaces));
        }
        if (unread.Processes > 0 && unread.Processes != _reportedUnread.Processes)
        {
            _report(new Notice(NoticeLevel.Detail, OwnerMessages.UnreadProcesses, null, unread.Processes));
        }
        _reportedUnread = unread;
    }

    /// <summary>
    /// Flows end in this namespace, in the one behind a veth pair, or in another. On the host what is behind a pair comes first: a watch on
    /// the host's end names the process inside. In other namespaces just one may have such a socket.
    /// </summary>
    internal FlowOwner Search(in FlowKey key, WatchedPoint point)
    {
        // Of what arrives the destination is here, and the source is behind the pair.
        bool arrives = point.Direction == FlowDirection.Ingress;
        if (FlowFields.IsRoce(key))
        {
            return _queuePairs.Find(in key, isSourceHere: !arrives);
        }
        if (!FlowFields.HasPorts(key) || (IPProtocol)key.Protocol is not (IPProtocol.TCP or IPProtocol.UDP))
        {
            return new FlowOwner(new SocketRow(), false, OwnerGap.NoPorts);
        }
        Endpoints outer = EndsOf(in key, isSourceHere: !arrives);
        Endpoints inner = EndsOf(in key, isSourceHere: arrives);
        uint? behind = _peers.Behind(point.InterfaceIndex);
        return (_isHost && TryFindBehind(in inner, behind, out FlowOwner owner))
            || TryFind(in outer, _here, AddressesHere, out owner)
            || TryFind(in inner, _here, AddressesHere, out owner)
            || TryFindBehind(in inner, behind, out owner)
            || TryFindAnywhere(in outer, out owner)
            || TryFindAnywhere(in inner, out owner)
            ? owner
            : new FlowOwner(new SocketRow(), false, OwnerGap.NoSocket);
    }

    private bool TryFindBehind(in Endpoints ends, uint? behind, out FlowOwner owner)
    {
        owner = default;
        return behind is { } net && TryFind(in ends, net, _peers.AddressesOf, out owner);
    }

    private LocalAddresses AddressesHere(uint net) => _addresses;

    private static Endpoints EndsOf(in FlowKey key, bool isSourceHere)
    {
        (ushort source, ushort destination) = ((ushort)key.Ports, (ushort)(key.Ports >> 16));
        return isSourceHere
            ? new(key.Source0, key.Source1, key.Destination0, key.Destination1, source, destination, key.Protocol)
            : new(key.Destination0, key.Destination1, key.Source0, key.Source1, destination, source, key.Protocol);
    }

    private bool TryFind(in Endpoints ends, uint net, Func<uint, LocalAddresses?> addressesOf, out FlowOwner owner)
    {
        int index = _current.Find(in ends, net);
        if (index >= 0)
        {
            owner = new FlowOwner(_current.Rows[index], false, OwnerGap.None);
            return true;
        }
        index = FindUnconnected(in ends, net);
        if (_ended.TryFind(in ends, net, out SocketRow last))
        {
            // Nobody saw who held it: the other side reset it. Then it was of whoever listens.
            last.Owner = last.Owner.Pid == 0 && index >= 0 ? _current.Rows[index].Owner : last.Owner;
            owner = new FlowOwner(last, true, OwnerGap.None);
            return true;
        }
        bool isFound = index >= 0 && addressesOf(net)?.Contains(ends.Local0, ends.Local1) == true;
        owner = isFound ? new FlowOwner(_current.Rows[index], false, OwnerGap.None) : default;
        return isFound;
    }

    private bool TryFindAnywhere(in Endpoints ends, out FlowOwner owner)
    {
        (int index, bool isAmbiguous) = _current.FindAnywhere(in ends);
        bool isEnded = index < 0;
        SocketRow row = default;
        if (isEnded && !_ended.TryFindAnywhere(in ends, out row, out isAmbiguous))
        {
            owner = default;
            return false;
        }
        owner = isAmbiguous
            ? new FlowOwner(new SocketRow(), false, OwnerGap.Ambiguous)
            : new FlowOwner(isEnded ? row : _current.Rows[index], isEnded, OwnerGap.None);
        return true;
    }

    /// <summary>
    /// A socket that takes from everybody: UDP that is bound, or TCP that listens. The most specific address comes first.
    /// </summary>
    private int FindUnconnected(in Endpoints ends, uint net)
    {
        Endpoints bound = ends with { Remote0 = 0, Remote1 = 0, RemotePort = 0 };
        int index = _current.Find(in bound, net);
        bool isIPv4 = bound.Local0 == 0 && (uint)bound.Local1 == MappedAny;
        if (index < 0 && isIPv4)
        {
            index = _current.Find(bound with { Local1 = MappedAny }, net);
        }
        if (index < 0)
        {
            index = _current.Find(bound with { Local0 = 0, Local1 = 0 }, net);
            index = index >= 0 && isIPv4 && (_current.Rows[index].Flags & OwnersAbi.IPv6Only) != 0 ? -1 : index;
        }
        return index;
    }
}
