using System.Net;
using System.Runtime.InteropServices;

namespace XTrace.Rdma;

/// <summary>The facts that a BPF program sees of a queue pair: struct queue_pair_path, bpf/queue_pairs.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueuePairPath
{
    private const int SmallestMtu = 128; // IB_MTU_256 is 1, rdma/ib_verbs.h
    private const int LargestMtu = 5; // IB_MTU_4096

    internal ulong Instance;
    internal uint Device;
    internal uint Number;
    internal uint CompletionQueue;
    internal uint Port;
    internal uint RemoteLidOrZero;
    internal byte Mtu;
    internal byte ServiceLevel;
    internal byte HasGid;
    internal byte TrafficClass;
    internal byte LocalGidIndex;
    private unsafe fixed byte _reserved[7];
    private ulong _remoteGid;
    private ulong _remoteGidRest;

    /// <summary>The path MTU in bytes; null before the queue pair is connected.</summary>
    internal readonly int? PathMtu => Mtu is > 0 and <= LargestMtu ? SmallestMtu << Mtu : null;

    /// <summary>The peer's GID; null without one.</summary>
    internal readonly IPAddress? RemoteGid
    {
        get
        {
            IPAddress gid = new(MemoryMarshal.AsBytes<ulong>([_remoteGid, _remoteGidRest]));
            return HasGid == 0 || gid.Equals(IPAddress.IPv6Any) ? null : gid.IsIPv4MappedToIPv6 ? gid.MapToIPv4() : gid;
        }
    }

    /// <summary>The peer's local identifier; null on Ethernet.</summary>
    internal readonly int? RemoteLid => RemoteLidOrZero == 0 ? null : (int)RemoteLidOrZero;

    /// <summary>The identity that tells this queue pair from a later one with its number.</summary>
    internal readonly (ulong Instance, uint CompletionQueue) Identity => (Instance, CompletionQueue);
}

/// <summary>The process whose listings the program reports: struct queue_pair_reader, bpf/queue_pairs.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueuePairReader
{
    internal ulong NamespaceDevice;
    internal ulong NamespaceInode;
    internal uint Process;
    internal uint Reserved;
}
