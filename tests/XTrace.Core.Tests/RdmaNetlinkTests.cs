using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// RDMA netlink messages that a C program builds with the kernel's own headers. The kernel that answers for real is that
/// of the virtual machine's tests.
/// </summary>
[Collection("sysfs root")]
public sealed class RdmaNetlinkTests
{
    private const string Program = """
        #include <stdio.h>
        #include <string.h>
        #include <linux/netlink.h>
        #include <rdma/rdma_netlink.h>

        static char buffer[4096];
        static struct nlmsghdr *message = (struct nlmsghdr *)buffer;

        static void put(int type, const void *value, int length)
        {
        	struct nlattr *attribute = (struct nlattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

        	attribute->nla_type = type;
        	attribute->nla_len = NLA_HDRLEN + length;
        	memcpy((char *)attribute + NLA_HDRLEN, value, length);
        	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
        }

        static void port(unsigned int index, const char *name, unsigned int number, const char *netdev)
        {
        	unsigned long long flags = 0x10000;
        	unsigned char state = 4;

        	message->nlmsg_len = NLMSG_LENGTH(0);
        	put(RDMA_NLDEV_ATTR_DEV_INDEX, &index, sizeof(index));
        	put(RDMA_NLDEV_ATTR_DEV_NAME, name, strlen(name) + 1);
        	put(RDMA_NLDEV_ATTR_PORT_INDEX, &number, sizeof(number));
        	put(RDMA_NLDEV_ATTR_CAP_FLAGS, &flags, sizeof(flags));
        	put(RDMA_NLDEV_ATTR_PORT_STATE, &state, sizeof(state));
        	if (netdev) {
        		unsigned int ifindex = 7;

        		put(RDMA_NLDEV_ATTR_NDEV_INDEX, &ifindex, sizeof(ifindex));
        		put(RDMA_NLDEV_ATTR_NDEV_NAME, netdev, strlen(netdev) + 1);
        	}
        	for (unsigned int i = NLMSG_HDRLEN; i < message->nlmsg_len; i++)
        		printf("%02x", buffer[i] & 0xff);
        	printf("\n");
        }

        int main(int argc, char **argv)
        {
        	if (argc > 1) {
        		printf("%d %d %d %d %d %d\n", RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET),
        		       RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_PORT_GET), RDMA_NLDEV_ATTR_DEV_INDEX,
        		       RDMA_NLDEV_ATTR_DEV_NAME, RDMA_NLDEV_ATTR_PORT_INDEX, RDMA_NLDEV_ATTR_NDEV_NAME);
        		return 0;
        	}
        	port(0, "mlx5_0", 1, "enp59s0f0np0");
        	port(3, "mlx5_bond_0", 2, NULL);
        	return 0;
        }
        """;

    private static readonly string[] s_messages = CProgram.Run(Program).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Constants_are_those_of_the_header() => Assert.Equal(
        $"{RdmaNetlink.DeviceGet} {RdmaNetlink.PortGet} {RdmaNetlink.DeviceIndex} {RdmaNetlink.DeviceName} "
        + $"{RdmaNetlink.PortIndex} {RdmaNetlink.InterfaceName}\n",
        CProgram.Run(Program, "constants"));

    [Fact]
    public void A_port_s_interface_is_read_where_it_has_one() => Assert.Equal(
        [KeyValuePair.Create(("mlx5_0", 1), "enp59s0f0np0")], Read(message => message).ToArray());

    [Fact]
    public void A_message_cut_short_anywhere_is_no_harm()
    {
        for (int cut = 1; cut < 100; cut++)
        {
            Assert.InRange(Read(message => message[..Math.Max(0, message.Length - cut)]).Count, 0, 1);
        }
    }

    [Fact]
    public void Where_the_kernel_has_none_or_no_device_nothing_is_found_and_nothing_fails() =>
        Assert.All(
            RdmaNetlink.PortInterfaces(),
            read => Assert.True(Directory.Exists($"/sys/class/infiniband/{read.Key.Device}/ports/{read.Key.Port}")));

    /// <summary>A tree elsewhere may be a copy, or another namespace's: what this kernel says is not of it.</summary>
    [Fact]
    public void It_is_asked_only_of_the_kernel_s_own_sysfs()
    {
        Assert.True(Sysfs.IsLive);
        using RdmaTree tree = new();
        Assert.False(Sysfs.IsLive);
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, "/sys/");
        Assert.True(Sysfs.IsLive);
    }

    private static Dictionary<(string Device, int Port), string> Read(Func<byte[], byte[]> change)
    {
        Dictionary<(string, int), string> interfaces = [];
        foreach (string line in s_messages)
        {
            RdmaNetlink.AddPort(change(Convert.FromHexString(line)), interfaces);
        }
        return interfaces;
    }
}
