using System.Net;
using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Processes;

/// <summary>A queue pair as an end of RoCE flows.</summary>
/// <param name="device">The RDMA device.</param>
/// <param name="number">Its number.</param>
/// <param name="owner">The process that made it; all zero where that is not known, and where the kernel did.</param>
internal sealed class QueuePairEnd(string device, int number, in SocketOwner owner)
{
    private readonly SocketOwner _owner = owner;

    internal string Device { get; } = device;

    internal int Number { get; } = number;

    /// <summary>The peer's number; null without one.</summary>
    internal int? RemoteNumber { get; init; }

    /// <summary>The peer's address; null where it is not known.</summary>
    internal IPAddress? RemoteAddress { get; init; }

    /// <summary>Whether it was destroyed.</summary>
    internal bool IsGone { get; set; }

    internal uint Pid => _owner.Pid;

    internal FlowOwner ToOwner() =>
        new(new SocketRow { Owner = _owner }, IsGone, Pid == 0 ? OwnerGap.QueuePairWithoutProcess : OwnerGap.None);
}

/// <summary>
/// Queue pairs, and which of them is the end of a RoCE flow. A frame names the destination's queue pair alone: the source is
/// the queue pair that has this one as its peer. Queue pairs that are gone stay known, as their flows stay in a table for longer.
/// </summary>
internal sealed class QueuePairEnds
{
    private const int MaxKnown = 1 << 16;

    private readonly Dictionary<(string Device, int Number), QueuePairEnd> _known = [];
    private IReadOnlyDictionary<string, HashSet<(ulong, ulong)>> _addresses = new Dictionary<string, HashSet<(ulong, ulong)>>();
    private ILookup<int, QueuePairEnd> _byNumber = Array.Empty<QueuePairEnd>().ToLookup(end => end.Number);
    private ILookup<int, QueuePairEnd> _byRemote = Array.Empty<QueuePairEnd>().ToLookup(end => end.Number);

    /// <summary>An address as flow keys have it.</summary>
    internal static (ulong, ulong) AddressOf(IPAddress address)
    {
        ReadOnlySpan<ulong> halves = MemoryMarshal.Cast<byte, ulong>(address.MapToIPv6().GetAddressBytes());
        return (halves[0], halves[1]);
    }

    /// <summary>Takes the queue pairs that there are now.</summary>
    /// <param name="ends">All of them.</param>
    /// <param name="addresses">The addresses of each device.</param>
    internal void Replace(IReadOnlyCollection<QueuePairEnd> ends, IReadOnlyDictionary<string, HashSet<(ulong, ulong)>> addresses)
    {
        foreach (QueuePairEnd known in _known.Values)
        {
            known.IsGone = true;
        }
        if (_known.Count + ends.Count > MaxKnown)
        {
            _known.Clear();
        }
        foreach (QueuePairEnd end in ends)
        {
            _known[(end.Device, end.Number)] = end;
        }
        _addresses = addresses;
        _byNumber = _known.Values.ToLookup(end => end.Number);
        _byRemote = _known.Values.Where(end => end.RemoteNumber is > 0).ToLookup(end => end.RemoteNumber!.Value);
    }

    /// <summary>The queue pair at a flow's end on this machine: first at the end where it was seen, then at the other.</summary>
    internal FlowOwner Find(in FlowKey key, bool isSourceHere)
    {
        QueuePairEnd[] ends = isSourceHere ? Sources(in key) : Destinations(in key);
        if (ends.Length == 0)
        {
            ends = isSourceHere ? Destinations(in key) : Sources(in key);
        }
        // One that is there comes before those that are gone.
        QueuePairEnd[] living = Array.FindAll(ends, end => !end.IsGone);
        ends = living.Length > 0 ? living : ends;
        return ends.Length == 0 ? None(OwnerGap.NoQueuePair)
            : Array.Exists(ends, end => end.Pid != ends[0].Pid) ? None(OwnerGap.Ambiguous)
            : ends[0].ToOwner();
    }

    private static FlowOwner None(OwnerGap gap) => new(new SocketRow(), false, gap);

    private QueuePairEnd[] Destinations(in FlowKey key)
    {
        (ulong, ulong) local = (key.Destination0, key.Destination1);
        return [.. _byNumber[(int)FlowFields.QueuePairOf(key)].Where(end => IsOf(end.Device, local))];
    }

    private QueuePairEnd[] Sources(in FlowKey key)
    {
        (ulong, ulong) local = (key.Source0, key.Source1), remote = (key.Destination0, key.Destination1);
        return [.. _byRemote[(int)FlowFields.QueuePairOf(key)].Where(end =>
            IsOf(end.Device, local) && end.RemoteAddress is { } address && AddressOf(address) == remote)];
    }

    private bool IsOf(string device, (ulong, ulong) address) =>
        _addresses.TryGetValue(device, out HashSet<(ulong, ulong)>? addresses) && addresses.Contains(address);
}
