using System.Runtime.InteropServices;

namespace XTrace.Processes;

// What sock_diag netlink asks and answers: linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h. AbiTests compares it with C.

/// <summary>struct inet_diag_sockid.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InetDiagId
{
    internal ushort SourcePort;
    internal ushort DestinationPort;
    internal fixed byte Source[16];
    internal fixed byte Destination[16];
    internal uint Interface;
    internal fixed uint Cookie[2];
}

/// <summary>struct inet_diag_req_v2.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InetDiagRequest
{
    internal byte Family;
    internal byte Protocol;
    internal byte Extensions;
    internal byte Padding;
    internal uint States;
    internal InetDiagId Id;
}

/// <summary>struct inet_diag_msg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InetDiagMessage
{
    internal byte Family;
    internal byte State;
    internal byte Timer;
    internal byte Retransmissions;
    internal InetDiagId Id;
    internal uint Expires;
    internal uint ReceiveQueue;
    internal uint SendQueue;
    internal uint User;
    internal uint Inode;
}

/// <summary>struct tcp_info, as far as it is read. Older kernels have less of it, and newer ones more.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct TcpInfo
{
    [FieldOffset(32)] internal uint Lost;
    [FieldOffset(68)] internal uint RoundTrip;
    [FieldOffset(80)] internal uint Window;
    [FieldOffset(100)] internal uint Retransmitted;
    [FieldOffset(148)] internal uint MinRoundTrip;
    [FieldOffset(160)] internal ulong DeliveryRate;
    [FieldOffset(168)] internal ulong Busy;
    [FieldOffset(176)] internal ulong ReceiverLimited;
    [FieldOffset(184)] internal ulong BufferLimited;
    [FieldOffset(7)] internal byte AppLimited; // bit 0: tcpi_delivery_rate_app_limited
}
