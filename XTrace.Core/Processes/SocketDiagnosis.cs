using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Net;

namespace XTrace.Processes;

/// <summary>
/// Reads sockets through sock_diag netlink, as ss does, and their processes from /proc. Works on every kernel and without BPF. Other
/// network namespaces than the caller's are read where this process may enter them: that needs CAP_SYS_ADMIN.
/// </summary>
internal sealed unsafe class SocketDiagnosis : SocketReader
{
    private const ushort ByFamily = 20; // SOCK_DIAG_BY_FAMILY, linux/sock_diag.h
    private const ushort AttributeInfo = 2; // INET_DIAG_INFO, linux/inet_diag.h
    private const ushort AttributeIPv6Only = 11; // INET_DIAG_SKV6ONLY
    private const byte IPv4 = 2; // AF_INET
    private const byte IPv6 = 10; // AF_INET6
    private const ulong MappedPrefix = 0xffff0000; // of a v4-mapped address, RFC 4291 2.5.5.2, as it lies in memory

    private readonly Dictionary<uint, NetlinkSocket?> _sockets = [];
    private readonly SocketHolders _holders = new();
    private readonly uint _here = (uint)NetworkNamespace.CurrentInode;
    private int _unreadNamespaces;

    internal override uint HostNet => (uint)FileStatus.InodeOf("/proc/1/ns/net");

    internal override int UnreadNamespaces => _unreadNamespaces;

    internal override int UnreadProcesses => _holders.UnreadProcesses;

    internal override void Read(SocketTable table)
    {
        _holders.Read();
        OpenSockets();
        foreach ((uint net, NetlinkSocket? socket) in _sockets)
        {
            if (socket != null)
            {
                Read(table, socket, net);
            }
        }
        _unreadNamespaces = _sockets.Values.Count(socket => socket == null);
    }

    public override void Dispose()
    {
        foreach (NetlinkSocket? socket in _sockets.Values)
        {
            socket?.Dispose();
        }
    }

    /// <summary>Keeps a socket in each existing network namespace, and in no other, because a socket keeps its namespace alive.</summary>
    private void OpenSockets()
    {
        foreach ((uint net, NetlinkSocket? socket) in _sockets)
        {
            if (net != _here && !_holders.Namespaces.ContainsKey(net))
            {
                socket?.Dispose();
                _sockets.Remove(net);
            }
        }
        if (!_sockets.ContainsKey(_here))
        {
            _sockets[_here] = NetlinkSocket.Open(NetlinkSocket.SocketDiagnosis);
        }
        foreach ((uint net, string path) in _holders.Namespaces)
        {
            if (!_sockets.ContainsKey(net))
            {
                NetworkNamespace.TryRun(path, () => NetlinkSocket.Open(NetlinkSocket.SocketDiagnosis), out NetlinkSocket? socket);
                _sockets[net] = socket;
            }
        }
    }

    private void Read(SocketTable table, NetlinkSocket socket, uint net)
    {
        foreach (byte protocol in (ReadOnlySpan<byte>)[(byte)IPProtocol.TCP, (byte)IPProtocol.UDP])
        {
            foreach (byte family in (ReadOnlySpan<byte>)[IPv4, IPv6])
            {
                InetDiagRequest request = new()
                {
                    Family = family,
                    Protocol = protocol,
                    Extensions = 1 << (AttributeInfo - 1),
                    States = uint.MaxValue,
                };
                ReadOnlySpan<byte> body = MemoryMarshal.AsBytes(new ReadOnlySpan<InetDiagRequest>(in request));
                socket.Dump(ByFamily, body, message => Add(table, message, protocol, net));
            }
        }
    }

    private void Add(SocketTable table, ReadOnlySpan<byte> message, byte protocol, uint net)
    {
        ref readonly InetDiagMessage answer = ref MemoryMarshal.AsRef<InetDiagMessage>(message);
        if (answer.Inode == 0)
        {
            return;
        }
        // A process that this one may not see into holds it: then the owner is all zero.
        _holders.TryFind(answer.Inode, out SocketOwner owner);
        SocketRow row = new() { Id = IdOf(in answer, net), Owner = owner, Protocol = protocol, State = answer.State };
        bool isTcp = protocol == (byte)IPProtocol.TCP;
        if (isTcp && row.State == (byte)TcpState.Closed)
        {
            return;
        }
        ReadOnlySpan<byte> attributes = message[sizeof(InetDiagMessage)..];
        if (!row.IsConnected && NetlinkAttributes.Find(attributes, AttributeIPv6Only) is [not 0, ..])
        {
            row.Flags |= OwnersAbi.IPv6Only;
        }
        ReadOnlySpan<byte> info = NetlinkAttributes.Find(attributes, AttributeInfo);
        if (isTcp && row.State != (byte)TcpState.Listen && !info.IsEmpty)
        {
            SetTcp(ref row, info);
        }
        table.Add(in row);
    }

    private static SocketId IdOf(in InetDiagMessage answer, uint net)
    {
        SocketId id = new() { LocalPort = answer.Id.SourcePort, RemotePort = answer.Id.DestinationPort, Net = net };
        fixed (byte* local = answer.Id.Source, remote = answer.Id.Destination)
        {
            (id.Local0, id.Local1) = AddressOf(local, answer.Family);
            (id.Remote0, id.Remote1) = AddressOf(remote, answer.Family);
        }
        return id;
    }

    private static (ulong, ulong) AddressOf(byte* address, byte family) => family == IPv4
        ? (0, (ulong)Unsafe.ReadUnaligned<uint>(address) << 32 | MappedPrefix)
        : (Unsafe.ReadUnaligned<ulong>(address), Unsafe.ReadUnaligned<ulong>(address + 8));

    private static void SetTcp(ref SocketRow row, ReadOnlySpan<byte> attribute)
    {
        TcpInfo info = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<TcpInfo>(ref info));
        attribute[..Math.Min(attribute.Length, bytes.Length)].CopyTo(bytes);
        row.Flags |= (byte)(OwnersAbi.HasTcp | ((info.AppLimited & 1) != 0 ? OwnersAbi.AppLimited : 0));
        row.RoundTripMicroseconds = info.RoundTrip;
        row.MinRoundTripMicroseconds = info.MinRoundTrip;
        row.Retransmitted = info.Retransmitted;
        row.Lost = info.Lost;
        row.Window = info.Window;
        row.DeliveryRate = info.DeliveryRate;
        // Milliseconds, as microseconds would not fit in 32 bits for long.
        row.Busy = (uint)(info.Busy / 1000);
        row.ReceiverLimited = (uint)(info.ReceiverLimited / 1000);
        row.BufferLimited = (uint)(info.BufferLimited / 1000);
        row.Now = (uint)Environment.TickCount64;
    }
}
