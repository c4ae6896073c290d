using System.Buffers.Binary;
using System.Net;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>A queue pair, as RDMA netlink shows it. Null means that the kernel does not tell.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="Port">The port; null before one was chosen.</param>
/// <param name="Number">Its number: 24 bits.</param>
/// <param name="Type">Its type; null for one that has no name here.</param>
/// <param name="State">Its state, as the driver says.</param>
/// <param name="RemoteNumber">The peer's number; of RC and UC.</param>
/// <param name="SendSequence">The number of the next packet to be sent: 24 bits.</param>
/// <param name="ReceiveSequence">The number of the next packet to be received: 24 bits; of RC and UC.</param>
/// <param name="ThreadId">The thread that made it; null if the kernel did, or if the thread has ended.</param>
/// <param name="KernelUser">The part of the kernel that made it; null if a process did.</param>
/// <param name="ProtectionDomain">The number of the protection domain that it belongs to.</param>
internal readonly record struct QueuePairEntry(
    string Device, int? Port, int Number, RdmaQueuePairType? Type, RdmaQueuePairState? State, int? RemoteNumber,
    uint? SendSequence, uint? ReceiveSequence, int? ThreadId, string? KernelUser, int? ProtectionDomain)
{
    /// <summary>The name of the process, or of the part of the kernel, that made it; null if the process has ended.</summary>
    internal string? Owner => KernelUser ?? (ThreadId is { } thread ? ThreadOwner.Find(thread).Name : null);

    /// <summary>Reads one message of an answer to <see cref="RdmaNetlink.QueuePairGet"/>: a table, or a single queue pair.</summary>
    internal static void Read(ReadOnlySpan<byte> message, string device, List<QueuePairEntry> entries)
    {
        ReadOnlySpan<byte> table = NetlinkAttributes.Find(message, RdmaNetlink.QueuePairs);
        if (table.IsEmpty && !NetlinkAttributes.Find(message, RdmaNetlink.Number).IsEmpty)
        {
            entries.Add(ReadOne(message, device));
        }
        while (NetlinkAttributes.TryNext(ref table, out ushort type, out ReadOnlySpan<byte> entry))
        {
            if (type == RdmaNetlink.QueuePair)
            {
                entries.Add(ReadOne(entry, device));
            }
        }
    }

    private static QueuePairEntry ReadOne(ReadOnlySpan<byte> attributes, string device)
    {
        QueuePairEntry entry = new() { Device = device };
        while (NetlinkAttributes.TryNext(ref attributes, out ushort attribute, out ReadOnlySpan<byte> value))
        {
            int? number = value.Length >= sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(value) : null;
            entry = attribute switch
            {
                RdmaNetlink.PortIndex => entry with { Port = number },
                RdmaNetlink.Number => entry with { Number = number ?? 0 },
                RdmaNetlink.RemoteNumber => entry with { RemoteNumber = number },
                RdmaNetlink.SendSequence => entry with { SendSequence = (uint?)number & SequenceCounter.Mask },
                RdmaNetlink.ReceiveSequence => entry with { ReceiveSequence = (uint?)number & SequenceCounter.Mask },
                RdmaNetlink.Type when value.Length > 0 => entry with { Type = TypeOf(value[0]) },
                RdmaNetlink.State when value.Length > 0 => entry with { State = StateOf(value[0]) },
                RdmaNetlink.ProcessId => entry with { ThreadId = number },
                RdmaNetlink.KernelName => entry with { KernelUser = NetlinkAttributes.Text(value) },
                RdmaNetlink.ProtectionDomain => entry with { ProtectionDomain = number },
                _ => entry,
            };
        }
        return entry;
    }

    private static RdmaQueuePairType? TypeOf(byte type) =>
        Enum.IsDefined((RdmaQueuePairType)type) ? (RdmaQueuePairType)type : null;

    private static RdmaQueuePairState? StateOf(byte state) =>
        Enum.IsDefined((RdmaQueuePairState)state) ? (RdmaQueuePairState)state : null;
}

/// <summary>A connection of the RDMA connection manager.</summary>
/// <param name="QueuePair">The number of its queue pair.</param>
/// <param name="Local">The address of this side; null if it has none yet.</param>
/// <param name="Remote">The address of the peer; null if it has none yet.</param>
internal readonly record struct ConnectionEntry(int QueuePair, IPAddress? Local, IPAddress? Remote)
{
    /// <summary>Reads one message of an answer to <see cref="RdmaNetlink.ConnectionGet"/>; what has no queue pair is left out.</summary>
    internal static void Read(ReadOnlySpan<byte> message, List<ConnectionEntry> entries)
    {
        ReadOnlySpan<byte> table = NetlinkAttributes.Find(message, RdmaNetlink.Connections);
        while (NetlinkAttributes.TryNext(ref table, out ushort type, out ReadOnlySpan<byte> entry))
        {
            if (type == RdmaNetlink.Connection && NetlinkAttributes.Number(entry, RdmaNetlink.Number) is not 0 and int number)
            {
                entries.Add(new ConnectionEntry(
                    number,
                    Address(NetlinkAttributes.Find(entry, RdmaNetlink.SourceAddress)),
                    Address(NetlinkAttributes.Find(entry, RdmaNetlink.DestinationAddress))));
            }
        }
    }

    /// <summary>The address in a struct sockaddr_in or sockaddr_in6; null for any other, and for the unspecified address.</summary>
    private static IPAddress? Address(ReadOnlySpan<byte> socket)
    {
        const int FamilyInterNetwork = 2, FamilyInterNetworkV6 = 10; // AF_INET, AF_INET6: linux/socket.h
        const int At = 4, AtV6 = 8, Length = 4, LengthV6 = 16; // linux/in.h, linux/in6.h
        int family = socket.Length < AtV6 + LengthV6 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(socket);
        IPAddress? address = family switch
        {
            FamilyInterNetwork => new IPAddress(socket.Slice(At, Length)),
            FamilyInterNetworkV6 => new IPAddress(socket.Slice(AtV6, LengthV6)),
            _ => null,
        };
        return address is null || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? null : address;
    }
}
