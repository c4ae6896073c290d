using System.Buffers.Binary;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>RDMA netlink's answers about ports: rdma/rdma_netlink.h. It needs no privilege.</summary>
internal static class RdmaNetlink
{
    private const int Client = 5 << 10; // RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, …)
    internal const ushort DeviceGet = Client + 1; // RDMA_NLDEV_CMD_GET
    internal const ushort PortGet = Client + 5; // RDMA_NLDEV_CMD_PORT_GET
    internal const ushort DeviceIndex = 1; // RDMA_NLDEV_ATTR_DEV_INDEX, u32
    internal const ushort DeviceName = 2; // RDMA_NLDEV_ATTR_DEV_NAME
    internal const ushort PortIndex = 3; // RDMA_NLDEV_ATTR_PORT_INDEX, u32
    internal const ushort QueuePairGet = Client + 10; // RDMA_NLDEV_CMD_RES_QP_GET
    internal const ushort ConnectionGet = Client + 11; // RDMA_NLDEV_CMD_RES_CM_ID_GET
    internal const ushort QueuePairs = 19; // RDMA_NLDEV_ATTR_RES_QP, nested
    internal const ushort QueuePair = 20; // RDMA_NLDEV_ATTR_RES_QP_ENTRY, nested
    internal const ushort Number = 21; // RDMA_NLDEV_ATTR_RES_LQPN, u32
    internal const ushort RemoteNumber = 22; // RDMA_NLDEV_ATTR_RES_RQPN, u32: of RC and UC
    internal const ushort ReceiveSequence = 23; // RDMA_NLDEV_ATTR_RES_RQ_PSN, u32: of RC and UC
    internal const ushort SendSequence = 24; // RDMA_NLDEV_ATTR_RES_SQ_PSN, u32
    internal const ushort Type = 26; // RDMA_NLDEV_ATTR_RES_TYPE, u8
    internal const ushort State = 27; // RDMA_NLDEV_ATTR_RES_STATE, u8
    internal const ushort ProcessId = 28; // RDMA_NLDEV_ATTR_RES_PID, u32: the thread that made it, in the PID namespace of who asks
    internal const ushort KernelName = 29; // RDMA_NLDEV_ATTR_RES_KERN_NAME: of what the kernel made
    internal const ushort Connections = 30; // RDMA_NLDEV_ATTR_RES_CM_ID, nested
    internal const ushort Connection = 31; // RDMA_NLDEV_ATTR_RES_CM_ID_ENTRY, nested
    internal const ushort SourceAddress = 33; // RDMA_NLDEV_ATTR_RES_SRC_ADDR, struct sockaddr_storage
    internal const ushort DestinationAddress = 34; // RDMA_NLDEV_ATTR_RES_DST_ADDR, struct sockaddr_storage
    internal const ushort InterfaceName = 51; // RDMA_NLDEV_ATTR_NDEV_NAME: only in the namespace of who asks
    internal const ushort ProtectionDomain = 60; // RDMA_NLDEV_ATTR_RES_PDN, u32: of what a process made

    /// <summary>The network interface of each port that has one. Nothing where the kernel does not answer: others say it then.</summary>
    internal static IReadOnlyDictionary<(string Device, int Port), string> PortInterfaces()
    {
        Dictionary<(string Device, int Port), string> interfaces = [];
        try
        {
            using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Rdma);
            foreach ((int index, _) in Devices(socket))
            {
                foreach (byte[] port in socket.Dump(PortGet, Asking((DeviceIndex, index))))
                {
                    AddPort(port, interfaces);
                }
            }
        }
        catch (XTraceException)
        {
            // The kernel has no RDMA netlink, or an older one.
        }
        return interfaces;
    }

    /// <summary>The devices that the kernel shows in this network namespace, with the numbers that it knows them by.</summary>
    /// <exception cref="XTraceException">The kernel does not answer.</exception>
    internal static IEnumerable<(int Index, string Name)> Devices(NetlinkSocket socket) =>
        socket.Dump(DeviceGet, []).Select(device =>
            (NetlinkAttributes.Number(device, DeviceIndex), NetlinkAttributes.Text(device, DeviceName) ?? ""));

    /// <summary>The body of a request: numbers of 32 bits, each of an attribute.</summary>
    internal static byte[] Asking(params ReadOnlySpan<(ushort Attribute, int Number)> numbers)
    {
        const int Length = 8; // struct nlattr and a u32
        byte[] body = new byte[Length * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            Span<byte> attribute = body.AsSpan(i * Length, Length);
            BinaryPrimitives.WriteUInt16LittleEndian(attribute, Length);
            BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], numbers[i].Attribute);
            BinaryPrimitives.WriteInt32LittleEndian(attribute[4..], numbers[i].Number);
        }
        return body;
    }

    /// <summary>Reads what follows the header of an answer to <see cref="PortGet"/>.</summary>
    internal static void AddPort(ReadOnlySpan<byte> attributes, Dictionary<(string Device, int Port), string> interfaces)
    {
        if (NetlinkAttributes.Text(attributes, DeviceName) is { } name && NetlinkAttributes.Text(attributes, InterfaceName) is { } netdev)
        {
            interfaces[(name, NetlinkAttributes.Number(attributes, PortIndex))] = netdev;
        }
    }
}
