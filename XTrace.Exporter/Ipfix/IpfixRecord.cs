using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.Ipfix;

/// <summary>Writes a flow as its template has it.</summary>
internal static class IpfixRecord
{
    private const ushort RocePort = 4791; // IANA: RoCE v2 over UDP

    internal static IpfixTemplate TemplateOf(in FlowRecord record)
    {
        FlowKey key = record.Key;
        bool isIPv4 = FlowFields.IsIPv4(key);
        return FlowFields.IsEthernet(key) ? IpfixTemplate.Ethernet
            : FlowFields.IsRoce(key) ? (isIPv4 ? IpfixTemplate.RoceOverIPv4 : IpfixTemplate.RoceOverIPv6)
            : record.Owner is not null ? (isIPv4 ? IpfixTemplate.OwnedIPv4 : IpfixTemplate.OwnedIPv6)
            : isIPv4 ? IpfixTemplate.IPv4 : IpfixTemplate.IPv6;
    }

    internal static void Write(in FlowRecord record, IpfixOwner owner, ClockCalibration clock, Span<byte> buffer)
    {
        FlowKey key = record.Key;
        IpfixWriter writer = new(buffer);
        writer.Write64(Milliseconds(clock, record.FirstSeen));
        writer.Write64(Milliseconds(clock, record.LastSeen));
        writer.Write64(record.Gain.Bytes);
        writer.Write64(record.Gain.Packets);
        writer.Write64(record.Gain.Bytes);
        WriteInterface(ref writer, record.Point);
        writer.Write16(FlowFields.VlanIdOf(key) ?? 0);
        writer.Write8(DirectionOf(record.Point));
        writer.Write8((byte)record.EndReason);
        if (FlowFields.IsEthernet(key))
        {
            writer.Write(FlowFields.SourceOf(key)[..6]);
            writer.Write(FlowFields.DestinationOf(key)[..6]);
            writer.Write16(FlowFields.EthertypeOf(key));
            return;
        }
        int start = FlowFields.IsIPv4(key) ? 12 : 0;
        writer.Write(FlowFields.SourceOf(key)[start..]);
        writer.Write(FlowFields.DestinationOf(key)[start..]);
        WriteTransport(ref writer, key);
        owner.Write(ref writer);
    }

    /// <summary>The interface that frames came in through, and the one that they left through; one of them is not known: 0.</summary>
    internal static void WriteInterface(ref IpfixWriter writer, WatchedPoint point)
    {
        bool isIngress = point.Direction == FlowDirection.Ingress;
        writer.Write32(isIngress ? (uint)point.InterfaceIndex : 0);
        writer.Write32(isIngress ? 0 : (uint)point.InterfaceIndex);
    }

    /// <summary>As flowDirection has it: 0 for ingress, 1 for egress.</summary>
    internal static byte DirectionOf(WatchedPoint point) => point.Direction == FlowDirection.Ingress ? (byte)0 : (byte)1;

    private static void WriteTransport(ref IpfixWriter writer, in FlowKey key)
    {
        bool ports = FlowFields.HasPorts(key);
        bool isRoce2 = FlowFields.TrafficTypeOf(key) == TrafficType.RoCEv2;
        writer.Write16(ports ? FlowFields.SourcePortOf(key) : 0);
        writer.Write16(ports ? FlowFields.DestinationPortOf(key) : isRoce2 ? RocePort : 0);
        writer.Write8(key.Protocol);
        if (FlowFields.IsRoce(key))
        {
            writer.Write32(FlowFields.QueuePairOf(key));
            writer.Write8(FlowFields.OpcodeOf(key));
        }
        else
        {
            bool icmp = FlowFields.IsIcmp(key);
            writer.Write16(icmp ? (FlowFields.IcmpTypeOf(key) << 8) | FlowFields.IcmpCodeOf(key) : 0);
        }
    }

    private static ulong Milliseconds(ClockCalibration clock, uint jiffies) =>
        (ulong)((clock.Utc - clock.AgeOf(jiffies) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond);
}
