namespace XTrace.Processes;

/// <summary>
/// Sockets that are gone, as they were last: flows stay in a table for longer. The oldest half goes when there are too many.
/// </summary>
internal sealed class EndedSockets
{
    private const int MaxGeneration = 1 << 16;

    private SocketTable _new = new();
    private SocketTable _old = new();

    internal void Set(in SocketRow row)
    {
        if (_new.Count == MaxGeneration)
        {
            (_new, _old) = (_old, _new);
            _new.Clear();
        }
        _new.Set(in row);
    }

    internal bool TryFind(in Endpoints ends, uint net, out SocketRow row)
    {
        return TryGet(_new, _new.Find(in ends, net), out row) || TryGet(_old, _old.Find(in ends, net), out row);
    }

    /// <summary>Finds the socket in whatever network namespace it was.</summary>
    internal bool TryFindAnywhere(in Endpoints ends, out SocketRow row, out bool isAmbiguous)
    {
        (int index, isAmbiguous) = _new.FindAnywhere(in ends);
        if (TryGet(_new, index, out row))
        {
            return true;
        }
        (index, isAmbiguous) = _old.FindAnywhere(in ends);
        return TryGet(_old, index, out row);
    }

    private static bool TryGet(SocketTable table, int index, out SocketRow row)
    {
        row = index >= 0 ? table.Rows[index] : default;
        return index >= 0;
    }
}
