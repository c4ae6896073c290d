using System.Buffers.Binary;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>What RDMA netlink says of ports: rdma/rdma_netlink.h. It needs no privilege.</summary>
internal static class RdmaNetlink
{
    private const int Client = 5 << 10; // RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, …)
    internal const ushort DeviceGet = Client + 1; // RDMA_NLDEV_CMD_GET
    internal const ushort PortGet = Client + 5; // RDMA_NLDEV_CMD_PORT_GET
    internal const ushort DeviceIndex = 1; // RDMA_NLDEV_ATTR_DEV_INDEX, u32
    internal const ushort DeviceName = 2; // RDMA_NLDEV_ATTR_DEV_NAME
    internal const ushort PortIndex = 3; // RDMA_NLDEV_ATTR_PORT_INDEX, u32
    internal const ushort InterfaceName = 51; // RDMA_NLDEV_ATTR_NDEV_NAME: only in the namespace of who asks

    /// <summary>The network interface of each port that has one. Nothing where the kernel does not answer: others say it then.</summary>
    internal static IReadOnlyDictionary<(string Device, int Port), string> PortInterfaces()
    {
        Dictionary<(string Device, int Port), string> interfaces = [];
        try
        {
            using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Rdma);
            Span<byte> device = stackalloc byte[8]; // struct nlattr and a u32
            BinaryPrimitives.WriteUInt16LittleEndian(device, (ushort)device.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(device[2..], DeviceIndex);
            foreach (byte[] one in socket.Dump(DeviceGet, []))
            {
                BinaryPrimitives.WriteInt32LittleEndian(device[4..], NetlinkAttributes.Number(one, DeviceIndex));
                foreach (byte[] port in socket.Dump(PortGet, device))
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

    /// <summary>Reads what follows the header of an answer to <see cref="PortGet"/>.</summary>
    internal static void AddPort(ReadOnlySpan<byte> attributes, Dictionary<(string Device, int Port), string> interfaces)
    {
        if (NetlinkAttributes.Text(attributes, DeviceName) is { } name && NetlinkAttributes.Text(attributes, InterfaceName) is { } netdev)
        {
            interfaces[(name, NetlinkAttributes.Number(attributes, PortIndex))] = netdev;
        }
    }
}
