using System.Buffers.Binary;
using System.Net;

namespace XTrace.Net;

/// <summary>The IP addresses of the network namespace that the calling thread is in, as flow keys have them: IPv4 is v4-mapped.</summary>
internal sealed class LocalAddresses
{
    // linux/rtnetlink.h, linux/if_addr.h
    private const ushort GetAddress = 22; // RTM_GETADDR
    private const int HeaderLength = 8; // struct ifaddrmsg
    private const ushort AttributeAddress = 1; // IFA_ADDRESS
    private const ushort AttributeLocal = 2; // IFA_LOCAL: of both ends of a link, this one; IPv6 has it on such links alone
    private const ulong MappedPrefix = 0xffff0000; // RFC 4291 2.5.5.2, as it lies in memory
    private const byte Loopback = 127; // 127.0.0.0/8, RFC 1122 3.2.1.3

    private readonly HashSet<(ulong, ulong)> _addresses = [];

    private LocalAddresses()
    {
    }

    internal static LocalAddresses Read()
    {
        LocalAddresses addresses = new();
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        socket.Dump(GetAddress, stackalloc byte[HeaderLength], addresses.Add);
        return addresses;
    }

    /// <summary>The addresses of each interface, by its index. Families other than IP have addresses as well, of other lengths.</summary>
    internal static ILookup<int, IPAddress> ByInterface(NetlinkSocket socket) =>
        socket.Dump(GetAddress, stackalloc byte[HeaderLength])
            .Where(message => AddressIn(message).Length is 4 or 16)
            .ToLookup(IndexIn, message => WithScope(new IPAddress(AddressIn(message)), IndexIn(message)));

    /// <summary>Whether packets to this address end here.</summary>
    internal bool Contains(ulong high, ulong low) =>
        _addresses.Contains((high, low)) || (high == 0 && (uint)low == MappedPrefix && (byte)(low >> 32) == Loopback);

    /// <summary>A link-local address means something on one interface only: RFC 4007.</summary>
    private static IPAddress WithScope(IPAddress address, int index)
    {
        if (address.IsIPv6LinkLocal)
        {
            address.ScopeId = index;
        }
        return address;
    }

    private static int IndexIn(byte[] message) => BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(4));

    private static ReadOnlySpan<byte> AddressIn(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> attributes = message[HeaderLength..];
        ReadOnlySpan<byte> local = NetlinkAttributes.Find(attributes, AttributeLocal);
        return local.IsEmpty ? NetlinkAttributes.Find(attributes, AttributeAddress) : local;
    }

    private void Add(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> address = AddressIn(message);
        if (address.Length == 4)
        {
            _addresses.Add((0, (ulong)BinaryPrimitives.ReadUInt32LittleEndian(address) << 32 | MappedPrefix));
        }
        else if (address.Length == 16)
        {
            _addresses.Add((BinaryPrimitives.ReadUInt64LittleEndian(address), BinaryPrimitives.ReadUInt64LittleEndian(address[8..])));
        }
    }
}
