using System.Net;
using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>A filter, and what it keeps by the words of its parameters: written apart from both filters of XTrace.</summary>
internal sealed class RandomFilter
{
    private const ushort DnsPort = 53;

    private readonly TrafficType[] _types;
    private readonly byte[] _protocols;
    private readonly ushort[] _ports;
    private readonly (byte[] Address, int Bits)[] _networks;
    private readonly bool _excludesDns;

    /// <summary>Each condition is there now and then, so that half of all filters keep everything.</summary>
    internal RandomFilter(Pool pool)
    {
        Random random = pool.Random;
        _types = Some(6, 4, () => (TrafficType)random.Next(9)).Distinct().ToArray();
        _protocols = Some(8, 5, () => pool.Any<byte>([1, 6, 17, 27, 47, 51, 58, 132, (byte)random.Next(256)])).Distinct().ToArray();
        _ports = Some(6, 16, () => pool.Any<ushort>(pool.Ports)).Distinct().ToArray();
        _networks = Some(5, 8, () => Network(pool.Any<byte[]>(pool.OneIn(2) ? pool.Addresses4 : pool.Addresses6)));
        _excludesDns = pool.OneIn(6);

        T[] Some<T>(int oneIn, int most, Func<T> make) =>
            pool.OneIn(oneIn) ? [.. Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => make())] : [];
        (byte[], int) Network(byte[] address) =>
            (address, pool.OneIn(2) ? address.Length * 8 : random.Next((address.Length * 8) + 1));
    }

    internal FlowFilter ToFlowFilter() => new()
    {
        TrafficType = _types,
        Protocol = [.. _protocols.Select(number => (IPProtocol)number)],
        Port = _ports,
        Address = [.. _networks.Select(network => $"{new IPAddress(network.Address)}/{network.Bits}")],
        ExcludeDns = _excludesDns,
    };

    internal bool Keeps(in FlowKey key)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in key, 1));
        bool isIp = (key.Kind & FlowAbi.AddressMask) != FlowAbi.Ethernet;
        bool hasPorts = (key.Kind & FlowAbi.PortsMask) == FlowAbi.Ports;
        int source = (bytes[32] << 8) | bytes[33];
        int destination = (bytes[34] << 8) | bytes[35];
        bool isDns = hasPorts && key.Protocol is 6 or 17 && (source == DnsPort || destination == DnsPort);
        return (_types.Length == 0 || _types.Contains(TypeOf(key)))
            && (_protocols.Length == 0 || (isIp && _protocols.Contains(key.Protocol)))
            && (_ports.Length == 0 || (hasPorts && _ports.Any(port => port == source || port == destination)))
            && (_networks.Length == 0 || (isIp && IsInNetwork(bytes, (key.Kind & FlowAbi.AddressMask) == FlowAbi.IPv4)))
            && !(_excludesDns && isDns);
    }

    private static TrafficType TypeOf(in FlowKey key) => (key.Kind & FlowAbi.PortsMask, key.Kind & FlowAbi.AddressMask, key.Protocol) switch
    {
        (FlowAbi.Ethertype, _, _) => TrafficType.Ethernet,
        (FlowAbi.RoceV1, _, _) => TrafficType.RoCEv1,
        (FlowAbi.RoceV2, _, _) => TrafficType.RoCEv2,
        (_, _, 6) => TrafficType.TCP,
        (_, _, 17) => TrafficType.UDP,
        (_, _, 132) => TrafficType.SCTP,
        (_, FlowAbi.IPv4, 1) => TrafficType.ICMP,
        (_, FlowAbi.IPv6, 58) => TrafficType.ICMPv6,
        _ => TrafficType.IP,
    };

    private bool IsInNetwork(ReadOnlySpan<byte> key, bool isIp4)
    {
        foreach ((byte[] address, int bits) in _networks)
        {
            int start = 16 - address.Length;
            if (isIp4 == (address.Length == 4)
                && (StartsAlike(key[start..], address, bits) || StartsAlike(key[(16 + start)..], address, bits)))
            {
                return true;
            }
        }
        return false;
    }

    private static bool StartsAlike(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int bits)
    {
        for (int bit = 0; bit < bits; bit++)
        {
            if (((one[bit / 8] ^ other[bit / 8]) & (0x80 >> (bit % 8))) != 0)
            {
                return false;
            }
        }
        return true;
    }
}
