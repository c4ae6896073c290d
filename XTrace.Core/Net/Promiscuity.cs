using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Net;

/// <summary>
/// Makes an interface take frames that are for others: a bridge then shows what its ports exchange, and the port that a switch mirrors to
/// what it gets.
/// </summary>
internal static class Promiscuity
{
    private const ushort NewLink = 16; // RTM_NEWLINK, linux/rtnetlink.h
    private const int HeaderLength = 16; // struct ifinfomsg
    internal const uint Promiscuous = 0x100; // IFF_PROMISC, linux/if.h
    private const int PacketFamily = 17; // AF_PACKET
    private const int RawCloseOnExec = 3 | 0x80000; // SOCK_RAW | SOCK_CLOEXEC
    private const int PacketLevel = 263; // SOL_PACKET
    private const int AddMembership = 1; // PACKET_ADD_MEMBERSHIP, linux/if_packet.h
    private const int MembershipPromiscuous = 1; // PACKET_MR_PROMISC

    /// <summary>For as long as the handle is held: the kernel takes it back when the process ends, however it does.</summary>
    /// <exception cref="XTraceException">This process may not open a packet socket.</exception>
    internal static SocketHandle Hold(NetInterface target)
    {
        SocketHandle socket = Libc.socket(PacketFamily, RawCloseOnExec, 0);
        Membership membership = new() { InterfaceIndex = target.Index, Type = MembershipPromiscuous };
        if (!socket.IsInvalid && Libc.setsockopt(socket, PacketLevel, AddMembership, in membership, Marshal.SizeOf<Membership>()) == 0)
        {
            return socket;
        }
        int error = Marshal.GetLastPInvokeError();
        socket.Dispose();
        throw new XTraceException(FlowMessages.PromiscuousFailed, target.Name, target.Name, Marshal.GetPInvokeErrorMessage(error));
    }

    /// <summary>Until it is set otherwise.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal static void Set(int interfaceIndex, bool isPromiscuous)
    {
        byte[] body = new byte[HeaderLength];
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), interfaceIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(8), isPromiscuous ? Promiscuous : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(12), Promiscuous);
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        socket.Change(NewLink, body);
    }

    /// <summary>struct packet_mreq, linux/if_packet.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Membership
    {
        internal int InterfaceIndex;
        internal ushort Type;
        internal ushort AddressLength;
        internal ulong Address;
    }
}
