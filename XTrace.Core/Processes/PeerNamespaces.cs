using System.Buffers.Binary;
using XTrace.Bpf;
using XTrace.Net;

namespace XTrace.Processes;

/// <summary>
/// The network namespace behind an interface, for example that of a container behind the host's end of its veth pair. For each
/// namespace with sockets, one process in it is known. The namespace stays known when its last process is gone.
/// </summary>
internal sealed class PeerNamespaces
{
    private const ushort GetNamespaceId = 90; // RTM_GETNSID, linux/rtnetlink.h
    private const ushort AttributeId = 1; // NETNSA_NSID, linux/net_namespace.h
    private const ushort AttributeProcess = 2; // NETNSA_PID
    private const int HeaderLength = 4; // struct rtgenmsg, padded

    private readonly Dictionary<int, uint> _behind = [];
    private readonly Dictionary<uint, uint> _processes = [];
    private readonly Dictionary<uint, LocalAddresses?> _addresses = [];
    private readonly Dictionary<int, uint> _byId = [];

    /// <summary>Finds what is behind interfaces now.</summary>
    /// <param name="table">The sockets that there are.</param>
    /// <param name="interfaces">The interfaces that matter.</param>
    internal void Read(SocketTable table, HashSet<int> interfaces)
    {
        _behind.Clear();
        _processes.Clear();
        _addresses.Clear();
        if (interfaces.Count == 0)
        {
            return;
        }
        NetInterface[] pairs = [.. NetInterfaces.List().Where(target => target.PeerNamespace != null && interfaces.Contains(target.Index))];
        if (pairs.Length == 0)
        {
            return;
        }
        FindProcesses(table);
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        foreach ((uint net, uint process) in _processes)
        {
            _byId[IdOf(socket, process)] = net;
        }
        foreach (NetInterface pair in pairs)
        {
            if (_byId.TryGetValue(pair.PeerNamespace!.Value, out uint net))
            {
                _behind[pair.Index] = net;
            }
        }
    }

    /// <summary>The namespace behind an interface; null where there is none, or none that ever had a socket.</summary>
    internal uint? Behind(int interfaceIndex) => _behind.TryGetValue(interfaceIndex, out uint net) ? net : null;

    /// <summary>The addresses of a namespace; null where this process may not enter it, or nobody is in it.</summary>
    internal LocalAddresses? AddressesOf(uint net)
    {
        if (!_addresses.TryGetValue(net, out LocalAddresses? addresses))
        {
            if (_processes.TryGetValue(net, out uint process))
            {
                NetworkNamespace.TryRun($"/proc/{process}/ns/net", LocalAddresses.Read, out addresses);
            }
            _addresses[net] = addresses;
        }
        return addresses;
    }

    /// <summary>A process can hold sockets of another namespace than its own, so each is asked where it is.</summary>
    private void FindProcesses(SocketTable table)
    {
        HashSet<(uint, uint)> asked = [];
        foreach (ref readonly SocketRow row in table.Rows)
        {
            (uint net, uint process) = (row.Id.Net, row.Owner.Pid);
            if (process != 0 && !_processes.ContainsKey(net) && asked.Add((net, process))
                && FileStatus.InodeOf($"/proc/{process}/ns/net") is var inode && (inode == net || inode == 0))
            {
                _processes[net] = process;
            }
        }
    }

    /// <summary>The number that the calling thread's namespace gives to that of a process. Below zero: none.</summary>
    private static int IdOf(NetlinkSocket socket, uint process)
    {
        Span<byte> body = stackalloc byte[HeaderLength + 8];
        body.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(body[4..], 8);
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], AttributeProcess);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], process);
        try
        {
            byte[] answer = socket.Ask(GetNamespaceId, body);
            return answer.Length > HeaderLength ? NetlinkAttributes.Number(answer.AsSpan(HeaderLength), AttributeId) : -1;
        }
        catch (XTraceException)
        {
            return -1; // The process has ended meanwhile.
        }
    }
}
