using System.Runtime.InteropServices;

namespace XTrace.Processes;

/// <summary>
/// The two ends of a socket, whatever its network namespace. Addresses and ports stand as in a frame, IPv4 is v4-mapped; the remote
/// end is 0 where the socket is not connected.
/// </summary>
internal readonly record struct Endpoints(
    ulong Local0, ulong Local1, ulong Remote0, ulong Remote1, ushort LocalPort, ushort RemotePort, byte Protocol)
{
    internal static Endpoints From(in SocketRow row) => row.IsConnected
        ? new(row.Id.Local0, row.Id.Local1, row.Id.Remote0, row.Id.Remote1, row.Id.LocalPort, row.Id.RemotePort, row.Protocol)
        : new(row.Id.Local0, row.Id.Local1, 0, 0, row.Id.LocalPort, 0, row.Protocol);
}

/// <summary>Sockets at one moment, each once, found by their ends. Reused: its buffers only grow.</summary>
internal sealed class SocketTable
{
    private readonly Dictionary<Endpoints, int> _first = [];
    private SocketRow[] _rows = new SocketRow[256];
    private int[] _next = new int[256];

    internal int Count { get; private set; }

    internal ReadOnlySpan<SocketRow> Rows => _rows.AsSpan(0, Count);

    internal void Clear()
    {
        Count = 0;
        _first.Clear();
    }

    /// <summary>Adds a socket. A socket that several processes hold belongs to the lowest process number, usually the parent.</summary>
    internal void Add(in SocketRow row)
    {
        ref SocketRow known = ref PlaceOf(in row, out bool isNew);
        // An owner that is not known has the number 0, and comes last.
        if (isNew || unchecked(row.Owner.Pid - 1 < known.Owner.Pid - 1))
        {
            known = row;
        }
    }

    /// <summary>Adds a socket or replaces what is known of it. Its owner stays known where the new row has none.</summary>
    internal void Set(in SocketRow row)
    {
        ref SocketRow known = ref PlaceOf(in row, out bool isNew);
        SocketOwner owner = isNew || row.Owner.Pid != 0 ? row.Owner : known.Owner;
        known = row;
        known.Owner = owner;
    }

    /// <summary>The socket with these ends in a network namespace; -1 where there is none.</summary>
    internal int Find(in Endpoints ends, uint net)
    {
        int i = _first.GetValueOrDefault(ends, -1);
        while (i >= 0 && _rows[i].Id.Net != net)
        {
            i = _next[i];
        }
        return i;
    }

    /// <summary>The sockets with these ends in any network namespace: the first of them, and whether there are several.</summary>
    internal (int Index, bool IsAmbiguous) FindAnywhere(in Endpoints ends)
    {
        int i = _first.GetValueOrDefault(ends, -1);
        return (i, i >= 0 && _next[i] >= 0);
    }

    private ref SocketRow PlaceOf(in SocketRow row, out bool isNew)
    {
        ref int first = ref CollectionsMarshal.GetValueRefOrAddDefault(_first, Endpoints.From(in row), out bool isKnown);
        isNew = false;
        for (int i = isKnown ? first : -1; i >= 0; i = _next[i])
        {
            if (_rows[i].Id.Net == row.Id.Net)
            {
                return ref _rows[i];
            }
        }
        if (Count == _rows.Length)
        {
            Array.Resize(ref _rows, Count * 2);
            Array.Resize(ref _next, Count * 2);
        }
        _next[Count] = isKnown ? first : -1;
        first = Count;
        isNew = true;
        return ref _rows[Count++];
    }
}
