namespace XTrace.Rdma;

/// <summary>When a look began and ended: each queue pair was read at some moment in between.</summary>
internal readonly record struct LookTime(TimeSpan Began, TimeSpan Ended);

/// <summary>A queue pair that is followed from one look to the next.</summary>
internal sealed class TrackedQueuePair
{
    private SequenceCounter _sent;
    private SequenceCounter _received;
    private TimeSpan _time;
    private (TimeSpan Time, ulong Sent, ulong Received) _sample;

    internal TrackedQueuePair(QueuePairEntry entry, ThreadOwner owner, QueuePairPath? path, LookTime time)
    {
        (Entry, Owner, Path, Seen, _time) = (entry, owner, path, time.Began, time.Ended);
        _sample.Time = time.Ended;
        Start(default);
    }

    /// <summary>The last answer of netlink.</summary>
    internal QueuePairEntry Entry { get; private set; }

    /// <summary>The process that made it.</summary>
    internal ThreadOwner Owner { get; }

    /// <summary>The last observation of the BPF program. Null without one.</summary>
    internal QueuePairPath? Path { get; private set; }

    /// <summary>When the last look that saw it began.</summary>
    internal TimeSpan Seen { get; private set; }

    /// <summary>Whether it was seen before the last look, so that there is something to compare with.</summary>
    internal bool HasBefore { get; private set; }

    /// <summary>Whether one of its numbers has ever moved.</summary>
    internal bool HasMoved => _sent.Packets > 0 || _received.Packets > 0;

    /// <summary>Packets sent since the first look; null where that is not known.</summary>
    internal ulong? Sent => HasBefore && _sent.IsStarted ? _sent.Packets : null;

    /// <summary>Packets received since the first look; null where that is not known.</summary>
    internal ulong? Received => HasBefore && _received.IsStarted ? _received.Packets : null;

    /// <summary>An estimate of the bytes sent since the first sample; null where that is not known.</summary>
    internal double? SentBytes { get; private set; }

    internal bool IsAmbiguous => _sent.IsAmbiguous || _received.IsAmbiguous;

    /// <summary>Whether it has a peer: a queue pair of type RC or UC that is ready to receive.</summary>
    internal bool IsConnected => Receives(Entry);

    /// <summary>Packets a second since the sample before; null where that is not known.</summary>
    internal (double? Sent, double? Received) Rates
    {
        get
        {
            double seconds = (_time - _sample.Time).TotalSeconds;
            return seconds <= 0 ? default : ((Sent - _sample.Sent) / seconds, (Received - _sample.Received) / seconds);
        }
    }

    /// <summary>Adds the bytes of the packets sent since the sample before, at so many bytes a packet.</summary>
    internal void AddBytes(double? bytesPerPacket) => SentBytes = (SentBytes ?? 0) + ((Sent - _sample.Sent) * bytesPerPacket) ?? SentBytes;

    /// <summary>Ends a sample: rates are counted from here.</summary>
    internal void EndSample() => _sample = (_time, _sent.Packets, _received.Packets);

    /// <summary>Whether an entry with the same number is of this queue pair, and not of a later one.</summary>
    internal bool Is(in QueuePairEntry entry, ThreadOwner owner, QueuePairPath? path)
    {
        bool isSamePath = path is not { } now || Path is not { } before || now.Identity == before.Identity;
        // A thread that has ended is not named any more, and the queue pair may live on.
        bool isSameThread = entry.ThreadId == Entry.ThreadId
            ? owner.Started is null || Owner.Started is null || owner.Started == Owner.Started
            : entry.ThreadId is null;
        return isSamePath && isSameThread && entry.KernelUser == Entry.KernelUser && entry.Type == Entry.Type
            && entry.ProtectionDomain == Entry.ProtectionDomain;
    }

    /// <summary>Takes what netlink says now.</summary>
    /// <param name="entry">The same queue pair.</param>
    /// <param name="path">What the BPF program saw, if it did.</param>
    /// <param name="time">When.</param>
    /// <param name="packetsPerSecond">How fast it can send or receive, at most.</param>
    internal void Advance(in QueuePairEntry entry, QueuePairPath? path, LookTime time, double packetsPerSecond)
    {
        QueuePairEntry before = Entry;
        double possible = packetsPerSecond * (time.Ended - Seen).TotalSeconds;
        (Entry, Path, Seen, _time, HasBefore) = (entry, path ?? Path, time.Began, time.Ended, true);
        if (entry.RemoteNumber != before.RemoteNumber || !Sends(before) || !Sends(entry))
        {
            Start(before);
        }
        if (_sent.IsStarted && entry.SendSequence is { } send)
        {
            _sent.Advance(send, possible);
        }
        if (_received.IsStarted && entry.ReceiveSequence is { } receive)
        {
            _received.Advance(receive, possible);
        }
    }

    /// <summary>
    /// Counts from the numbers of now on, each from the state in which the connection has it: they are set when a queue pair
    /// becomes ready to receive, and ready to send (IBTA 11.2.5.2).
    /// </summary>
    private void Start(in QueuePairEntry before)
    {
        bool isSamePeer = Entry.RemoteNumber == before.RemoteNumber;
        if (!(isSamePeer && Sends(before) && Sends(Entry)))
        {
            _sent = Sends(Entry) && Entry.SendSequence is { } send ? new SequenceCounter(send) : default;
        }
        if (!(isSamePeer && Receives(before) && Receives(Entry)))
        {
            _received = Receives(Entry) && Entry.ReceiveSequence is { } receive ? new SequenceCounter(receive) : default;
        }
        _sample = (_sample.Time, Math.Min(_sample.Sent, _sent.Packets), Math.Min(_sample.Received, _received.Packets));
    }

    private static bool HasSequence(in QueuePairEntry entry) => entry.Type is RdmaQueuePairType.RC or RdmaQueuePairType.UC;

    private static bool Receives(in QueuePairEntry entry) => HasSequence(entry) && entry.State >= RdmaQueuePairState.RTR;

    private static bool Sends(in QueuePairEntry entry) => HasSequence(entry) && entry.State >= RdmaQueuePairState.RTS;
}
