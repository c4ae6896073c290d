using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using XTrace.Messages;

namespace XTrace.Flows;

/// <summary>
/// Turns a filter into what the programs read (struct flow_filter in bpf/flow.h), and back to show what a monitor keeps.
/// </summary>
internal static unsafe class FilterCompiler
{
    /// <summary>The filter as the programs read it. An empty filter is all zero.</summary>
    /// <exception cref="XTraceException">It names more networks or ports than the programs have room for.</exception>
    internal static KernelFilter Compile(FlowFilter filter)
    {
        if (!Fits(filter))
        {
            throw new XTraceException(
                FlowMessages.FilterTooLarge,
                $"{filter}",
                FlowAbi.FilterNetworks,
                FlowAbi.FilterPorts,
                filter.Networks.Count,
                filter.Port.Count);
        }
        KernelFilter kernel = new()
        {
            ExcludeDns = (byte)(filter.ExcludeDns ? 1 : 0),
            NetworkCount = (byte)filter.Networks.Count,
            PortCount = (byte)filter.Port.Count,
            IsSet = (byte)(filter.IsEmpty ? 0 : 1),
        };
        foreach (TrafficType type in filter.TrafficType)
        {
            kernel.TrafficTypes |= 1u << (int)type;
        }
        foreach (IPProtocol protocol in filter.Protocol)
        {
            kernel.Protocols[(byte)protocol / 64] |= 1ul << ((byte)protocol % 64);
        }
        int i = 0;
        foreach (ushort port in filter.Port)
        {
            kernel.Port[i++] = BinaryPrimitives.ReverseEndianness(port);
        }
        i = 0;
        foreach (IPNetwork network in filter.Networks)
        {
            kernel.Networks[i++] = Compile(network);
        }
        return kernel;
    }

    /// <summary>Whether the programs have room for it.</summary>
    internal static bool Fits(FlowFilter filter) =>
        filter.Networks.Count <= FlowAbi.FilterNetworks && filter.Port.Count <= FlowAbi.FilterPorts;

    /// <summary>The filter that was compiled.</summary>
    internal static FlowFilter Decompile(KernelFilter kernel)
    {
        List<IPProtocol> protocols = [];
        for (int number = 0; number <= byte.MaxValue; number++)
        {
            if ((kernel.Protocols[number / 64] >> (number % 64) & 1) != 0)
            {
                protocols.Add((IPProtocol)number);
            }
        }
        List<ushort> ports = [];
        for (int i = 0; i < kernel.PortCount; i++)
        {
            ports.Add(BinaryPrimitives.ReverseEndianness(kernel.Port[i]));
        }
        List<IPNetwork> networks = [];
        foreach (FilterNetwork network in kernel.Networks[..kernel.NetworkCount])
        {
            networks.Add(Decompile(network));
        }
        uint types = kernel.TrafficTypes;
        return new FlowFilter
        {
            TrafficType = [.. Enum.GetValues<TrafficType>().Where(type => (types >> (int)type & 1) != 0)],
            Protocol = protocols,
            Networks = networks,
            Port = ports,
            ExcludeDns = kernel.ExcludeDns != 0,
        };
    }

    private static FilterNetwork Compile(IPNetwork network)
    {
        bool isIPv4 = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        byte[] address = (isIPv4 ? network.BaseAddress.MapToIPv6() : network.BaseAddress).GetAddressBytes();
        UInt128 mask = Mask(network.PrefixLength + (isIPv4 ? 96 : 0));
        return new FilterNetwork
        {
            Address0 = BinaryPrimitives.ReadUInt64LittleEndian(address),
            Address1 = BinaryPrimitives.ReadUInt64LittleEndian(address.AsSpan(8)),
            Mask0 = BinaryPrimitives.ReverseEndianness((ulong)(mask >> 64)),
            Mask1 = BinaryPrimitives.ReverseEndianness((ulong)mask),
            Kind = isIPv4 ? FlowAbi.IPv4 : FlowAbi.IPv6,
        };
    }

    private static IPNetwork Decompile(FilterNetwork network)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, network.Address0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), network.Address1);
        int prefix = (int)(ulong.PopCount(network.Mask0) + ulong.PopCount(network.Mask1));
        return network.Kind == FlowAbi.IPv4
            ? new IPNetwork(new IPAddress(bytes.AsSpan(12)), prefix - 96)
            : new IPNetwork(new IPAddress(bytes), prefix);
    }

    /// <summary>So many ones from the left.</summary>
    private static UInt128 Mask(int prefix) => prefix == 0 ? 0 : UInt128.MaxValue << (128 - prefix);
}
