using System.Buffers.Binary;
using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.Tests;

/// <summary>Flow records as a server has them, always the same.</summary>
internal sealed class GeneratedRecords
{
    private readonly Random _random = new(7);
    private readonly WatchedPoint[] _points =
    [
        new(1, "eth0", 2, FlowDirection.Ingress, MonitorHook.Tcx, isOwn: true),
        new(2, "eth0", 2, FlowDirection.Egress, MonitorHook.Tcx, isOwn: true),
    ];

    /// <summary>A client of 262,144 and one of 16 servers with 8 services; few flows are large, and most are small.</summary>
    internal FlowRecord Next()
    {
        bool isIngress = _random.Next(2) == 0;
        uint client = 0x0a000000u | (uint)_random.Next(1 << 18), server = 0x0ac80000u | (uint)_random.Next(16);
        ushort ephemeral = (ushort)_random.Next(32768, 61000);
        ushort service = (ushort)(80 + _random.Next(8));
        ulong packets = (ulong)(1 + Math.Exp(9 * Math.Pow(_random.NextDouble(), 2)));
        return new FlowRecord
        {
            Point = _points[isIngress ? 0 : 1],
            Key = new FlowKey
            {
                Kind = FlowAbi.IPv4 | FlowAbi.Ports,
                Protocol = (byte)(_random.Next(16) == 0 ? 17 : 6),
                Source1 = Address(isIngress ? client : server),
                Destination1 = Address(isIngress ? server : client),
                Ports = isIngress ? Ports(ephemeral, service) : Ports(service, ephemeral),
            },
            FirstSeen = 1_000_000 - (packets == 1 ? 0 : (uint)Math.Exp(_random.NextDouble() * 9)),
            LastSeen = 1_000_000,
            Gain = new FrameCount(packets, packets * (ulong)(64 + (1400 * Math.Pow(_random.NextDouble(), 2)))),
            EndReason = _random.Next(10) == 0 ? FlowEndReason.ActiveTimeout : FlowEndReason.IdleTimeout,
        };
    }

    private static ulong Address(uint address) => 0xffff0000UL | ((ulong)BinaryPrimitives.ReverseEndianness(address) << 32);

    private static uint Ports(ushort source, ushort destination) =>
        BinaryPrimitives.ReverseEndianness(source) | ((uint)BinaryPrimitives.ReverseEndianness(destination) << 16);
}
