using XTrace.Processes;

namespace XTrace.Flows;

/// <summary>Makes an object of a row: the one place where bytes become addresses, and ticks times.</summary>
internal static class FlowProjection
{
    /// <param name="row">The flow.</param>
    /// <param name="point">Where it was counted.</param>
    /// <param name="sample">The sample that it is in.</param>
    internal static FlowStat ToStat(in FlowRow row, WatchedPoint point, FlowSample sample)
    {
        ref readonly FlowKey key = ref row.Key;
        ClockCalibration clock = sample.Clock;
        double seconds = point.MeasuredSeconds;
        bool ports = FlowFields.HasPorts(key);
        bool icmp = FlowFields.IsIcmp(key);
        bool roce = FlowFields.IsRoce(key);
        bool ethernet = FlowFields.IsEthernet(key);
        FlowOwner owner = sample.Owners?.Find(in key, point) ?? default;
        Container container = owner.IsKnown ? sample.Owners!.ContainerOf(in owner) : Container.None;
        SocketRow socket = owner.Row;
        bool tcp = socket.HasTcp;
        return new FlowStat
        {
            Timestamp = sample.Timestamp,
            Sample = sample.Number,
            InterfaceAlias = point.InterfaceName,
            Direction = point.Direction,
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
            Packets = row.Packets,
            Bytes = row.Bytes,
            FirstSeen = clock.TimeOf(row.FirstSeen),
            LastSeen = clock.TimeOf(row.LastSeen),
            Duration = clock.Between(row.FirstSeen, row.LastSeen),
            EndReason = row.EndReason,
            PacketsPerSecond = row.NewPackets / seconds,
            BytesPerSecond = row.NewBytes / seconds,
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
