using XTrace.Processes;

namespace XTrace.Flows;

/// <summary>Makes an object of a row: the one place where bytes become addresses, and ticks times.</summary>
internal static class FlowProjection
{
    private const int DscpShift = 2; // RFC 2474 3: the upper six bits

    /// <param name="row">The flow.</param>
    /// <param name="details">What its monitor keeps of it beside its counts; null: nothing, or nobody wants it.</param>
    /// <param name="point">Where it was counted.</param>
    /// <param name="sample">The sample that it is in.</param>
    internal static FlowStat ToStat(in FlowRow row, FlowDetails? details, WatchedPoint point, FlowSample sample)
    {
        ref readonly FlowKey key = ref row.Key;
        (bool ports, bool icmp, bool roce) = (FlowFields.HasPorts(key), FlowFields.IsIcmp(key), FlowFields.IsRoce(key));
        return new FlowStat
        {
            Timestamp = sample.Timestamp,
            Sample = sample.Number,
            InterfaceAlias = point.InterfaceName,
            Direction = point.Direction,
            TrafficType = FlowFields.TrafficTypeOf(key),
            Protocol = FlowFields.IsEthernet(key) ? null : (IPProtocol)key.Protocol,
            SourceAddress = FlowFields.Format(key, FlowFields.SourceOf(key)),
            SourcePort = ports ? FlowFields.SourcePortOf(key) : null,
            DestinationAddress = FlowFields.Format(key, FlowFields.DestinationOf(key)),
            DestinationPort = ports ? FlowFields.DestinationPortOf(key) : null,
            VlanId = FlowFields.VlanIdOf(key),
            DestinationQueuePair = roce ? FlowFields.QueuePairOf(key) : null,
            Opcode = roce ? (RoceOpcode)FlowFields.OpcodeOf(key) : null,
            IcmpType = icmp ? FlowFields.IcmpTypeOf(key) : null,
            IcmpCode = icmp ? FlowFields.IcmpCodeOf(key) : null,
            EtherType = FlowFields.IsEthernet(key) ? FlowFields.EthertypeOf(key) : null,
            IsFragment = FlowFields.IsFragment(key),
            Packets = row.Packets,
            Bytes = row.Bytes,
            FirstSeen = sample.Clock.TimeOf(row.FirstSeen),
            LastSeen = sample.Clock.TimeOf(row.LastSeen),
            Duration = sample.Clock.Between(row.FirstSeen, row.LastSeen),
            EndReason = row.EndReason,
            PacketsPerSecond = row.NewPackets / point.MeasuredSeconds,
            BytesPerSecond = row.NewBytes / point.MeasuredSeconds,
            Known = details is null && sample.Owners is null ? null : DetailsOf(in key, details, point, sample.Owners),
        };
    }

    private static FlowStat.Details DetailsOf(in FlowKey key, FlowDetails? details, WatchedPoint point, FlowOwners? owners)
    {
        bool isTcp = FlowFields.TrafficTypeOf(key) == TrafficType.TCP && FlowFields.HasPorts(key);
        FlowDetails? ip = FlowFields.HasIPHeader(key) ? details : null;
        FlowStat.Details known = new()
        {
            TcpFlags = isTcp ? (TcpControlBits?)details?.TcpFlags : null,
            Dscp = (byte?)(ip?.TrafficClass >> DscpShift),
            EcnCePackets = ip?.CePackets,
            MinFrameSize = details?.SmallestFrame is 0 ? null : details?.SmallestFrame,
            MaxFrameSize = details?.LargestFrame is 0 ? null : details?.LargestFrame,
        };
        FlowOwner owner = owners?.Find(in key, point) ?? default;
        if (owner.IsKnown)
        {
            SetProcess(known, in owner, owners!);
        }
        if (owner.Row.HasTcp)
        {
            SetConnection(known, in owner, owners!);
        }
        return known;
    }

    private static void SetProcess(FlowStat.Details known, in FlowOwner owner, FlowOwners owners)
    {
        Container container = owners.ContainerOf(in owner);
        known.ProcessId = (int)owner.Row.Owner.Pid;
        known.ProcessName = owner.Row.Owner.Name;
        known.UserName = owners.UserOf(in owner);
        known.Container = container.Id;
        known.ContainerRuntime = container.Runtime;
        known.SystemdUnit = container.Unit;
    }

    private static void SetConnection(FlowStat.Details known, in FlowOwner owner, FlowOwners owners)
    {
        SocketRow socket = owner.Row;
        known.State = (TcpState)socket.State;
        known.RoundTripTime = Measured(socket.RoundTripMicroseconds);
        known.MinRoundTripTime = Measured(socket.MinRoundTripMicroseconds);
        known.RetransmittedPackets = socket.Retransmitted;
        known.LostPackets = socket.Lost;
        known.CongestionWindow = socket.Window;
        known.DeliveryRate = socket.DeliveryRate > 0 ? socket.DeliveryRate * 8.0 : null;
        known.IsLimitedBy = owners.LimitOf(in owner);
    }

    /// <summary>A time of TCP; the kernel has 0 or all ones before it measured any.</summary>
    private static TimeSpan? Measured(uint microseconds) =>
        microseconds is 0 or uint.MaxValue ? null : TimeSpan.FromMicroseconds(microseconds);
}
