using System.Buffers.Binary;

namespace XTrace.Net;

/// <summary>
/// What the queueing disciplines of interfaces dropped. TC egress runs before them, so these frames are counted and never leave.
/// </summary>
internal static class QueueDrops
{
    // linux/rtnetlink.h, linux/pkt_sched.h, linux/gen_stats.h
    private const ushort GetQdisc = 38; // RTM_GETQDISC
    private const int HeaderLength = 20; // struct tcmsg
    private const uint RootParent = 0xffffffff; // TC_H_ROOT
    private const ushort AttributeStatistics = 7; // TCA_STATS2
    private const ushort AttributeQueue = 3; // TCA_STATS_QUEUE, in TCA_STATS2
    private const int DropsOffset = 8; // in struct gnet_stats_queue

    /// <summary>Drops of each interface's root discipline since it was set up, by interface index. Its own include its classes'.</summary>
    internal static IReadOnlyDictionary<int, ulong> Read()
    {
        Dictionary<int, ulong> drops = [];
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        foreach (byte[] answer in socket.Dump(GetQdisc, stackalloc byte[HeaderLength]))
        {
            ReadOnlySpan<byte> attributes = answer.AsSpan(HeaderLength);
            ReadOnlySpan<byte> queue = NetlinkAttributes.Find(NetlinkAttributes.Find(attributes, AttributeStatistics), AttributeQueue);
            if (BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(12)) == RootParent && queue.Length >= DropsOffset + sizeof(uint))
            {
                int index = BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(4));
                drops[index] = BinaryPrimitives.ReadUInt32LittleEndian(queue[DropsOffset..]);
            }
        }
        return drops;
    }

    /// <summary>By how much a counter of 32 bits grew; 0 where the discipline was replaced meanwhile.</summary>
    internal static ulong Since(ulong before, ulong now) => now >= before ? now - before : 0;
}
