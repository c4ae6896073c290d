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
        FlowOwner owner = sample.Owners?.Find(in key, point) ?? default;
        Container container = owner.IsKnown ? sample.Owners!.ContainerOf(in owner) : Container.None;
        (SocketRow socket, bool tcp) = (owner.Row, owner.Row.HasTcp);
        FlowDetails? ip = FlowFields.HasIPHeader(key) ? details : null;
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
            TcpFlags = FlowFields.TrafficTypeOf(key) == TrafficType.TCP && ports ? (TcpControlBits?)details?.TcpFlags : null,
            Dscp = (byte?)(ip?.TrafficClass >> DscpShift),
            EcnCePackets = ip?.CePackets,
            MinFrameSize = details?.SmallestFrame is 0 ? null : details?.SmallestFrame,
            MaxFrameSize = details?.LargestFrame is 0 ? null : details?.LargestFrame,
            ProcessId = owner.IsKnown ? (int)socket.Owner.Pid : null,
            ProcessName = owner.IsKnown ? socket.Owner.Name : null,
            UserName = owner.IsKnown ? sample.Owners!.UserOf(in owner) : null,
            Container = container.Id,
            ContainerRuntime = container.Runtime,
            SystemdUnit = container.Unit,
            State = tcp ? (TcpState)socket.State : null,
            RoundTripTime = tcp ? Measured(socket.RoundTripMicroseconds) : null,
            MinRoundTripTime = tcp ? Measured(socket.MinRoundTripMicroseconds) : null,
            RetransmittedPackets = tcp ? socket.Retransmitted : null,
            LostPackets = tcp ? socket.Lost : null,
            CongestionWindow = tcp ? socket.Window : null,
            DeliveryRate = tcp && socket.DeliveryRate > 0 ? socket.DeliveryRate * 8.0 : null,
            IsLimitedBy = tcp ? sample.Owners!.LimitOf(in owner) : null,
        };
    }

    /// <summary>A time of TCP; the kernel has 0 or all ones before it measured any.</summary>
    private static TimeSpan? Measured(uint microseconds) =>
        microseconds is 0 or uint.MaxValue ? null : TimeSpan.FromMicroseconds(microseconds);
}
