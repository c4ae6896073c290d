using System.Buffers.Binary;
using System.Net;

namespace XTrace.Testbed;

/// <summary>Builds Ethernet frames, without FCS. Lengths and the IPv4 header's checksum are right.</summary>
public static class Frames
{
    public const string SourceMac = "02:00:00:00:00:01";
    public const string DestinationMac = "02:00:00:00:00:02";

    private const ushort Ip4 = 0x0800;
    private const ushort Ip6 = 0x86dd;
    private const int AuthenticationHeader = 51;
    private const int FragmentHeader = 44;

    public static byte[] Udp4(
        string source, int sourcePort, string destination, int destinationPort,
        int payload = 0, ushort[]? vlans = null, byte[]? options = null) =>
        Ipv4(source, destination, 17, Udp(sourcePort, destinationPort, new byte[payload]), vlans, options);

    public static byte[] Tcp4(
        string source, int sourcePort, string destination, int destinationPort,
        int payload = 0, ushort[]? vlans = null, byte[]? options = null) =>
        Ipv4(source, destination, 6, Tcp(sourcePort, destinationPort, payload), vlans, options);

    public static byte[] Udp6(
        string source, int sourcePort, string destination, int destinationPort, int payload = 0, ushort[]? vlans = null) =>
        Ipv6(source, destination, 17, Udp(sourcePort, destinationPort, new byte[payload]), vlans);

    public static byte[] Tcp6(
        string source, int sourcePort, string destination, int destinationPort, int payload = 0, ushort[]? vlans = null) =>
        Ipv6(source, destination, 6, Tcp(sourcePort, destinationPort, payload), vlans);

    public static byte[] Icmp4(string source, string destination, byte type, byte code, int payload = 0) =>
        Ipv4(source, destination, 1, Icmp(type, code, payload));

    public static byte[] Icmp6(string source, string destination, byte type, byte code, int payload = 0) =>
        Ipv6(source, destination, 58, Icmp(type, code, payload));

    /// <summary>One fragment of an IPv4 packet; offset in bytes, a multiple of 8.</summary>
    public static byte[] Fragment4(string source, string destination, byte protocol, int offset, bool more, byte[] payload)
    {
        byte[] frame = Ipv4(source, destination, protocol, payload);
        Put16(frame, 14 + 6, (offset / 8) | (more ? 0x2000 : 0));
        return WithChecksum(frame);
    }

    /// <summary>One fragment of an IPv6 packet; offset in bytes, a multiple of 8.</summary>
    public static byte[] Fragment6(string source, string destination, byte protocol, int offset, bool more, byte[] payload)
    {
        byte[] header = new byte[8];
        header[0] = protocol;
        Put16(header, 2, offset | (more ? 1 : 0));
        return Ipv6(source, destination, FragmentHeader, [.. header, .. payload]);
    }

    /// <summary>An IPv6 packet with extension headers of these protocol numbers, as short as each may be.</summary>
    public static byte[] Extensions6(string source, string destination, byte[] chain, byte protocol, byte[] payload)
    {
        List<byte> packet = [];
        for (int i = 0; i < chain.Length; i++)
        {
            // RFC 4302 2.2: AH counts in words of 4 bytes, the first two not counted, and is padded to 8.
            byte[] header = new byte[chain[i] == AuthenticationHeader ? 16 : 8];
            header[0] = i + 1 < chain.Length ? chain[i + 1] : protocol;
            header[1] = (byte)(chain[i] == AuthenticationHeader ? 2 : 0);
            packet.AddRange(header);
        }
        return Ipv6(source, destination, chain.Length > 0 ? chain[0] : protocol, [.. packet, .. payload]);
    }

    /// <summary>An IPv4 packet with so many authentication headers, RFC 4302, as short as they may be.</summary>
    public static byte[] Authenticated4(string source, string destination, int count, byte protocol, byte[] payload)
    {
        List<byte> packet = [];
        for (int i = 0; i < count; i++)
        {
            packet.AddRange([i + 1 < count ? (byte)AuthenticationHeader : protocol, 1, .. new byte[10]]);
        }
        return Ipv4(source, destination, AuthenticationHeader, [.. packet, .. payload]);
    }

    /// <summary>RoCE v1: GRH and BTH behind ethertype 0x8915, then an invariant CRC.</summary>
    public static byte[] RoceV1(string source, string destination, int queuePair, byte opcode, int payload = 0)
    {
        byte[] body = [.. Bth(queuePair, opcode), .. new byte[payload + 4]];
        return Ethernet(0x8915, Ip6Header(source, destination, 0x1b, body));
    }

    /// <summary>RoCE v2: BTH in UDP to 4791, then an invariant CRC. IPv4 or IPv6 by the address.</summary>
    public static byte[] RoceV2(string source, int sourcePort, string destination, int queuePair, byte opcode, int payload = 0)
    {
        byte[] datagram = Udp(sourcePort, 4791, [.. Bth(queuePair, opcode), .. new byte[payload + 4]]);
        return source.Contains(':', StringComparison.Ordinal)
            ? Ipv6(source, destination, 17, datagram)
            : Ipv4(source, destination, 17, datagram);
    }

    public static byte[] Arp(string source, string destination)
    {
        byte[] arp =
        [
            0, 1, 8, 0, 6, 4, 0, 1,
            .. Mac(SourceMac), .. IPAddress.Parse(source).GetAddressBytes(),
            .. new byte[6], .. IPAddress.Parse(destination).GetAddressBytes(),
        ];
        return Ethernet(0x0806, arp, null, SourceMac, "ff:ff:ff:ff:ff:ff");
    }

    /// <summary>An 802.3 frame: a length where the ethertype is, then an LLC header (here spanning tree's).</summary>
    public static byte[] Llc(int payload = 35)
    {
        byte[] body = [0x42, 0x42, 0x03, .. new byte[payload]];
        return Ethernet((ushort)body.Length, body);
    }

    /// <summary>A frame whose IP header is moved behind other headers, which begin with an ethertype.</summary>
    public static byte[] Behind(string headers, byte[] frame) => [.. frame[..12], .. Convert.FromHexString(headers), .. frame[14..]];

    public static byte[] Ethernet(
        ushort ethertype, byte[] payload, ushort[]? vlans = null, string sourceMac = SourceMac, string destinationMac = DestinationMac)
    {
        List<byte> frame = [.. Mac(destinationMac), .. Mac(sourceMac)];
        ushort[] tags = vlans ?? [];
        for (int i = 0; i < tags.Length; i++)
        {
            // The outer of two tags is a service tag.
            frame.AddRange(Bytes16(tags.Length > 1 && i == 0 ? 0x88a8 : 0x8100));
            frame.AddRange(Bytes16(tags[i]));
        }
        return [.. frame, .. Bytes16(ethertype), .. payload];
    }

    public static byte[] Ipv4(
        string source, string destination, byte protocol, byte[] payload, ushort[]? vlans = null, byte[]? options = null)
    {
        int header = 20 + (options?.Length ?? 0);
        byte[] packet =
        [
            (byte)(0x40 | (header / 4)), 0, .. Bytes16(header + payload.Length), 0, 1, 0, 0, 64, protocol, 0, 0,
            .. IPAddress.Parse(source).GetAddressBytes(), .. IPAddress.Parse(destination).GetAddressBytes(),
            .. options ?? [], .. payload,
        ];
        return WithChecksum(Ethernet(Ip4, packet, vlans), 14 + (4 * (vlans?.Length ?? 0)));
    }

    public static byte[] Ipv6(string source, string destination, byte next, byte[] payload, ushort[]? vlans = null) =>
        Ethernet(Ip6, Ip6Header(source, destination, next, payload), vlans);

    /// <summary>A UDP datagram.</summary>
    public static byte[] Udp(int sourcePort, int destinationPort, byte[] payload) =>
        [.. Bytes16(sourcePort), .. Bytes16(destinationPort), .. Bytes16(8 + payload.Length), 0, 0, .. payload];

    /// <summary>A TCP segment.</summary>
    public static byte[] Tcp(int sourcePort, int destinationPort, int payload = 0) =>
        [.. Bytes16(sourcePort), .. Bytes16(destinationPort), .. new byte[8], 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0, .. new byte[payload]];

    /// <summary>The first bytes of a frame.</summary>
    public static byte[] Truncate(byte[] frame, int length) => frame[..length];

    /// <summary>The frame as a NIC pads it. The padding is not zero, so that reading it as a header shows.</summary>
    public static byte[] Pad(byte[] frame, int length = 60)
    {
        byte[] padding = new byte[Math.Max(0, length - frame.Length)];
        Array.Fill(padding, (byte)0xee);
        return [.. frame, .. padding];
    }

    /// <summary>A copy with one byte changed; the IPv4 checksum is left as it is.</summary>
    public static byte[] With(byte[] frame, int offset, byte value)
    {
        byte[] copy = [.. frame];
        copy[offset] = value;
        return copy;
    }

    private static byte[] Icmp(byte type, byte code, int payload) => [type, code, .. new byte[6 + payload]];

    private static byte[] Bth(int queuePair, byte opcode) =>
        [opcode, 0x40, 0xff, 0xff, 0, (byte)(queuePair >> 16), (byte)(queuePair >> 8), (byte)queuePair, 0, 0, 0, 1];

    private static byte[] Ip6Header(string source, string destination, byte next, byte[] payload) =>
    [
        0x60, 0, 0, 0, .. Bytes16(payload.Length), next, 64,
        .. IPAddress.Parse(source).GetAddressBytes(), .. IPAddress.Parse(destination).GetAddressBytes(), .. payload,
    ];

    /// <summary>RFC 1071, over the header at this offset.</summary>
    private static byte[] WithChecksum(byte[] frame, int start = 14)
    {
        Put16(frame, start + 10, 0);
        uint sum = 0;
        for (int i = 0; i < (frame[start] & 0xf) * 4; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(start + i));
        }
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        Put16(frame, start + 10, (int)(~sum & 0xffff));
        return frame;
    }

    private static byte[] Mac(string text) => Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal));

    private static byte[] Bytes16(int value) => [(byte)(value >> 8), (byte)value];

    private static void Put16(byte[] bytes, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);
}
