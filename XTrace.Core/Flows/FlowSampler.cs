namespace XTrace.Flows;

/// <summary>
/// Turns snapshots of one monitor into flow objects: filters, works out rates against the snapshot before, picks the
/// top n. Keeps two snapshots and swaps them, so that a sample allocates nothing but what it emits.
/// </summary>
internal sealed class FlowSampler(string interfaceAlias, FlowDirection direction, FlowFilter filter)
{
    private readonly PriorityQueue<FlowSample, double> _top = new();
    private FlowSnapshot _current = new();
    private FlowSnapshot _previous = new();
    private double _seconds;

    /// <summary>Takes a snapshot; what was current becomes what rates are measured against.</summary>
    internal void Take(Action<FlowSnapshot> read, ClockCalibration start)
    {
        (_current, _previous) = (_previous, _current);
        read(_current);
        ClockCalibration since = _previous.Sets == 0 ? start : _previous.Clock;
        _seconds = (_current.Clock.BootNanoseconds - since.BootNanoseconds) / 1e9;
    }

    /// <summary>The flows of the last snapshot, in no particular order.</summary>
    internal IEnumerable<FlowStat> All()
    {
        for (int set = 0; set < _current.Sets; set++)
        {
            int count = _current.Set(set).Length;
            for (int i = 0; i < count; i++)
            {
                ref readonly Flow flow = ref _current.Set(set)[i];
                if (filter.Matches(in flow.Key))
                {
                    yield return ToStat(Measure(set, in flow));
                }
            }
        }
    }

    /// <summary>The n greatest flows, greatest first, without sorting the rest.</summary>
    internal IEnumerable<FlowStat> Top(int n, FlowOrder order)
    {
        _top.Clear();
        for (int set = 0; set < _current.Sets; set++)
        {
            foreach (ref readonly Flow flow in _current.Set(set))
            {
                if (filter.Matches(in flow.Key))
                {
                    Offer(Measure(set, in flow), n, order);
                }
            }
        }
        FlowSample[] samples = new FlowSample[_top.Count];
        for (int i = samples.Length - 1; i >= 0; i--)
        {
            samples[i] = _top.Dequeue();
        }
        return samples.Select(ToStat);
    }

    private void Offer(in FlowSample sample, int n, FlowOrder order)
    {
        double weight = WeightOf(in sample, order);
        if (_top.Count < n)
        {
            _top.Enqueue(sample, weight);
        }
        else
        {
            _top.EnqueueDequeue(sample, weight);
        }
    }

    private double WeightOf(in FlowSample sample, FlowOrder order) => order switch
    {
        FlowOrder.Packets => sample.Flow.Packets,
        FlowOrder.Bytes => sample.Flow.Bytes,
        FlowOrder.PacketsPerSecond => sample.NewPackets,
        FlowOrder.BytesPerSecond => sample.NewBytes,
        FlowOrder.Duration => sample.Flow.LastSeen - sample.Flow.FirstSeen,
        FlowOrder.LastSeen => -(double)(_current.Clock.Jiffies - sample.Flow.LastSeen),
        _ => throw new ArgumentOutOfRangeException(nameof(order)),
    };

    /// <summary>
    /// What the flow gained since the previous snapshot. One that was evicted in between has begun anew; one that lost
    /// the count of one CPU, because it was evicted there, has a gain that nobody can tell, and shows none.
    /// </summary>
    private FlowSample Measure(int set, in Flow flow)
    {
        if (_previous.Sets != 0)
        {
            foreach (ref readonly Flow before in _previous.Set(set))
            {
                if (before.Key.Equals(flow.Key))
                {
                    bool isNew = (int)(flow.FirstSeen - _previous.Clock.Jiffies) > 0;
                    return isNew ? new FlowSample(flow, flow.Packets, flow.Bytes)
                        : before.Packets <= flow.Packets && before.Bytes <= flow.Bytes
                        ? new FlowSample(flow, flow.Packets - before.Packets, flow.Bytes - before.Bytes)
                        : new FlowSample(flow, 0, 0);
                }
            }
        }
        return new FlowSample(flow, flow.Packets, flow.Bytes);
    }

    private FlowStat ToStat(FlowSample sample)
    {
        ref readonly FlowKey key = ref sample.Flow.Key;
        ClockCalibration clock = _current.Clock;
        bool ports = FlowFields.HasPorts(key);
        bool icmp = FlowFields.IsIcmp(key);
        bool roce = FlowFields.IsRoce(key);
        bool ethernet = FlowFields.IsEthernet(key);
        return new FlowStat
        {
            Timestamp = clock.Wall,
            InterfaceAlias = interfaceAlias,
            Direction = direction,
            TrafficType = FlowFields.TrafficTypeOf(key),
            Protocol = ethernet ? null : (IPProtocol)key.Protocol,
            SourceAddress = FlowFields.Format(key, FlowFields.SourceOf(key)),
            SourcePort = ports ? FlowFields.SourcePortOf(key) : null,
            DestinationAddress = FlowFields.Format(key, FlowFields.DestinationOf(key)),
            DestinationPort = ports ? FlowFields.DestinationPortOf(key) : null,
            VlanId = FlowFields.VlanIdOf(key),
            DestinationQueuePair = roce ? FlowFields.QueuePairOf(key) : null,
            Opcode = roce ? (RoceOpcode)FlowFields.OpcodeOf(key) : null,
            IcmpType = icmp ? FlowFields.IcmpTypeOf(key) : null,
            IcmpCode = icmp ? FlowFields.IcmpCodeOf(key) : null,
            EtherType = ethernet ? FlowFields.EthertypeOf(key) : null,
            IsFragment = FlowFields.IsFragment(key),
            Packets = sample.Flow.Packets,
            Bytes = sample.Flow.Bytes,
            FirstSeen = clock.TimeOf(sample.Flow.FirstSeen),
            LastSeen = clock.TimeOf(sample.Flow.LastSeen),
            PacketsPerSecond = sample.NewPackets / _seconds,
            BytesPerSecond = sample.NewBytes / _seconds,
        };
    }

    private readonly struct FlowSample(Flow flow, ulong newPackets, ulong newBytes)
    {
        internal readonly Flow Flow = flow;
        internal readonly ulong NewPackets = newPackets;
        internal readonly ulong NewBytes = newBytes;
    }
}
