namespace XTrace.Rdma;

/// <summary>
/// Follows queue pairs from one look to the next. It knows a queue pair that was destroyed from a later one with its number:
/// by the process, with its start time, the protection domain, the type, and what the BPF program sees.
/// </summary>
/// <param name="ownerOf">The process of a thread.</param>
internal sealed class QueuePairTracker(Func<int, ThreadOwner> ownerOf)
{
    private readonly Dictionary<(int Device, int Number), TrackedQueuePair> _known = [];
    private readonly Dictionary<int, ThreadOwner> _owners = [];

    /// <summary>The queue pairs that the last look at each device had.</summary>
    internal IEnumerable<TrackedQueuePair> All => _known.Values;

    /// <summary>Takes a look at all queue pairs of a device: those that are not there any more are forgotten.</summary>
    /// <param name="device">The device's index.</param>
    /// <param name="entries">What netlink said. Of several entries with one number the last counts.</param>
    /// <param name="paths">What the BPF program saw meanwhile.</param>
    /// <param name="time">When the look was.</param>
    /// <param name="packetsPerSecond">How fast a queue pair can send or receive at a port, at most.</param>
    internal void Look(
        int device, IReadOnlyList<QueuePairEntry> entries, IReadOnlyDictionary<(uint Device, uint Number), QueuePairPath> paths,
        LookTime time, Func<QueuePairEntry, QueuePairPath?, double> packetsPerSecond)
    {
        HashSet<int> there = Take(device, entries, paths, time, packetsPerSecond);
        foreach ((int Device, int Number) gone in _known.Keys.Where(key => key.Device == device && !there.Contains(key.Number)).ToArray())
        {
            _known.Remove(gone);
        }
    }

    /// <summary>Takes a look at some queue pairs of a device. Nothing is known of the others.</summary>
    /// <returns>Their numbers.</returns>
    internal HashSet<int> Take(
        int device, IReadOnlyList<QueuePairEntry> entries, IReadOnlyDictionary<(uint Device, uint Number), QueuePairPath> paths,
        LookTime time, Func<QueuePairEntry, QueuePairPath?, double> packetsPerSecond)
    {
        HashSet<int> there = [];
        _owners.Clear();
        for (int i = entries.Count - 1; i >= 0; i--)
        {
            QueuePairEntry entry = entries[i];
            if (there.Add(entry.Number))
            {
                QueuePairPath? path = paths.TryGetValue(((uint)device, (uint)entry.Number), out QueuePairPath seen) ? seen : null;
                Follow((device, entry.Number), entry, path, time, packetsPerSecond);
            }
        }
        return there;
    }

    /// <summary>The numbers and ports of the queue pairs of a device that are known and not in a look.</summary>
    internal IEnumerable<(int Number, int Port)> Missing(int device, IReadOnlyList<QueuePairEntry> entries)
    {
        HashSet<int> there = [.. entries.Select(entry => entry.Number)];
        return [.. _known
            .Where(known => known.Key.Device == device && !there.Contains(known.Key.Number) && known.Value.Entry.Port is not null)
            .Select(known => (known.Key.Number, known.Value.Entry.Port!.Value))];
    }

    /// <summary>Forgets the queue pairs of devices that are not there any more.</summary>
    internal void Keep(IReadOnlySet<int> devices)
    {
        foreach ((int Device, int Number) gone in _known.Keys.Where(key => !devices.Contains(key.Device)).ToArray())
        {
            _known.Remove(gone);
        }
    }

    private void Follow(
        (int Device, int Number) key, QueuePairEntry entry, QueuePairPath? path, LookTime time,
        Func<QueuePairEntry, QueuePairPath?, double> packetsPerSecond)
    {
        ThreadOwner owner = OwnerOf(entry.ThreadId);
        if (_known.TryGetValue(key, out TrackedQueuePair? known) && known.Is(entry, owner, path))
        {
            known.Advance(entry, path, time, packetsPerSecond(entry, path ?? known.Path));
        }
        else
        {
            _known[key] = new TrackedQueuePair(entry, owner, path, time);
        }
    }

    private ThreadOwner OwnerOf(int? threadOrNone)
    {
        if (threadOrNone is not { } thread)
        {
            return default;
        }
        if (!_owners.TryGetValue(thread, out ThreadOwner owner))
        {
            _owners[thread] = owner = ownerOf(thread);
        }
        return owner;
    }
}
