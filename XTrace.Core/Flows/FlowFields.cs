using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace XTrace.Flows;

/// <summary>Reads a key's fields; the one place that turns its bytes into ports and addresses.</summary>
internal static class FlowFields
{
    internal static TrafficType TrafficTypeOf(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) switch
    {
        FlowAbi.Ethertype => TrafficType.Ethernet,
        FlowAbi.RoceV1 => TrafficType.RoCEv1,
        FlowAbi.RoceV2 => TrafficType.RoCEv2,
        _ => (IPProtocol)key.Protocol switch
        {
            IPProtocol.TCP => TrafficType.TCP,
            IPProtocol.UDP => TrafficType.UDP,
            IPProtocol.SCTP => TrafficType.SCTP,
            IPProtocol.ICMP when IsIPv4(key) => TrafficType.ICMP,
            IPProtocol.ICMPv6 when !IsIPv4(key) => TrafficType.ICMPv6,
            _ => TrafficType.IP,
        },
    };

    internal static bool IsEthernet(in FlowKey key) => (key.Kind & FlowAbi.AddressMask) == FlowAbi.Ethernet;

    internal static bool IsIPv4(in FlowKey key) => (key.Kind & FlowAbi.AddressMask) == FlowAbi.IPv4;

    /// <summary>RoCE v1 has addresses as IPv6 and a header of its own.</summary>
    internal static bool HasIPHeader(in FlowKey key) => !IsEthernet(key) && (key.Kind & FlowAbi.PortsMask) != FlowAbi.RoceV1;

    internal static bool HasPorts(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) == FlowAbi.Ports;

    internal static bool IsIcmp(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) == FlowAbi.Icmp;

    internal static bool IsFragment(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) == FlowAbi.Fragment;

    internal static bool IsRoce(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) is FlowAbi.RoceV1 or FlowAbi.RoceV2;

    internal static ushort SourcePortOf(in FlowKey key) => BinaryPrimitives.ReverseEndianness((ushort)key.Ports);

    internal static ushort DestinationPortOf(in FlowKey key) => BinaryPrimitives.ReverseEndianness((ushort)(key.Ports >> 16));

    internal static ushort EthertypeOf(in FlowKey key) => BinaryPrimitives.ReverseEndianness((ushort)key.Ports);

    internal static byte IcmpTypeOf(in FlowKey key) => (byte)key.Ports;

    internal static byte IcmpCodeOf(in FlowKey key) => (byte)(key.Ports >> 8);

    /// <summary>The destination queue pair, 24 bits.</summary>
    internal static uint QueuePairOf(in FlowKey key) => BinaryPrimitives.ReverseEndianness(key.Ports << 8);

    internal static byte OpcodeOf(in FlowKey key) => (byte)(key.Ports >> 24);

    internal static ushort? VlanIdOf(in FlowKey key) =>
        (key.Vlan & FlowAbi.VlanPresent) != 0 ? (ushort)(key.Vlan & FlowAbi.VlanId) : null;

    /// <summary>The 16 bytes of an address, as they stand in the frame; IPv4 is v4-mapped.</summary>
    internal static ReadOnlySpan<byte> SourceOf(in FlowKey key) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in key.Source0, 2));

    /// <summary>The 16 bytes of an address, as they stand in the frame; IPv4 is v4-mapped.</summary>
    internal static ReadOnlySpan<byte> DestinationOf(in FlowKey key) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in key.Destination0, 2));

    /// <summary>An address as text: dotted IPv4, RFC 5952 IPv6, or a MAC address with colons.</summary>
    internal static string Format(in FlowKey key, ReadOnlySpan<byte> address) => (key.Kind & FlowAbi.AddressMask) switch
    {
        FlowAbi.Ethernet => FormatMac(address),
        FlowAbi.IPv4 => new IPAddress(address[12..]).ToString(),
        _ => new IPAddress(address).ToString(),
    };

    /// <summary>The same into a buffer, which has room for 64 characters; for those who do this for every flow.</summary>
    /// <returns>How many characters it has.</returns>
    internal static int Format(in FlowKey key, ReadOnlySpan<byte> address, Span<char> text)
    {
        if (!IsIPv4(key))
        {
            string written = Format(key, address);
            written.CopyTo(text);
            return written.Length;
        }
        int length = 0;
        foreach (byte part in address[12..])
        {
            if (length > 0)
            {
                text[length++] = '.';
            }
            part.TryFormat(text[length..], out int digits, provider: CultureInfo.InvariantCulture);
            length += digits;
        }
        return length;
    }

    private static string FormatMac(ReadOnlySpan<byte> mac) =>
        $"{mac[0]:x2}:{mac[1]:x2}:{mac[2]:x2}:{mac[3]:x2}:{mac[4]:x2}:{mac[5]:x2}";
}
