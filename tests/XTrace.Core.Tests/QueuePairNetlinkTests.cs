using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// Answers about queue pairs and connections, which a C program builds with the kernel's own headers. The kernel that answers
/// for real is that of the virtual machine's tests.
/// </summary>
public sealed class QueuePairNetlinkTests
{
    private const string Program = """
        #include <netinet/in.h>
        #include <arpa/inet.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <linux/netlink.h>
        #include <rdma/rdma_netlink.h>

        static char buffer[4096];
        static struct nlmsghdr *message = (struct nlmsghdr *)buffer;

        static struct nlattr *put(int type, const void *value, int length)
        {
        	struct nlattr *attribute = (struct nlattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

        	attribute->nla_type = type;
        	attribute->nla_len = NLA_HDRLEN + length;
        	if (length)
        		memcpy((char *)attribute + NLA_HDRLEN, value, length);
        	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + NLA_ALIGN(attribute->nla_len);
        	return attribute;
        }

        static void end(struct nlattr *nest)
        {
        	nest->nla_len = (char *)message + message->nlmsg_len - (char *)nest;
        }

        static void number(int type, unsigned int value)
        {
        	put(type, &value, sizeof(value));
        }

        static void byte(int type, unsigned char value)
        {
        	put(type, &value, sizeof(value));
        }

        static void print(void)
        {
        	for (unsigned int i = NLMSG_HDRLEN; i < message->nlmsg_len; i++)
        		printf("%02x", buffer[i] & 0xff);
        	printf("\n");
        	message->nlmsg_len = NLMSG_LENGTH(0);
        }

        static void connected(void)
        {
        	number(RDMA_NLDEV_ATTR_PORT_INDEX, 1);
        	number(RDMA_NLDEV_ATTR_RES_LQPN, 0xabcdef);
        	number(RDMA_NLDEV_ATTR_RES_RQPN, 18);
        	number(RDMA_NLDEV_ATTR_RES_RQ_PSN, 0xfffffe);
        	number(RDMA_NLDEV_ATTR_RES_SQ_PSN, 7);
        	byte(RDMA_NLDEV_ATTR_RES_PATH_MIG_STATE, 0);
        	byte(RDMA_NLDEV_ATTR_RES_TYPE, 2);
        	byte(RDMA_NLDEV_ATTR_RES_STATE, 3);
        	number(RDMA_NLDEV_ATTR_RES_PDN, 5);
        	number(RDMA_NLDEV_ATTR_RES_PID, 4321);
        }

        static void address(int type, int family, const char *text)
        {
        	struct sockaddr_storage storage = { .ss_family = family };

        	if (text)
        		inet_pton(family, text, family == AF_INET ? (void *)&((struct sockaddr_in *)&storage)->sin_addr
        			: (void *)&((struct sockaddr_in6 *)&storage)->sin6_addr);
        	put(type, &storage, sizeof(storage));
        }

        static void connection(unsigned int pair, int family, const char *local, const char *remote)
        {
        	struct nlattr *entry = put(RDMA_NLDEV_ATTR_RES_CM_ID_ENTRY, NULL, 0);

        	if (pair)
        		number(RDMA_NLDEV_ATTR_RES_LQPN, pair);
        	address(RDMA_NLDEV_ATTR_RES_SRC_ADDR, family, local);
        	address(RDMA_NLDEV_ATTR_RES_DST_ADDR, family, remote);
        	end(entry);
        }

        int main(int argc, char **argv)
        {
        	struct nlattr *table, *entry;

        	message->nlmsg_len = NLMSG_LENGTH(0);
        	number(RDMA_NLDEV_ATTR_DEV_INDEX, 3);
        	table = put(RDMA_NLDEV_ATTR_RES_QP, NULL, 0);
        	entry = put(RDMA_NLDEV_ATTR_RES_QP_ENTRY, NULL, 0);
        	connected();
        	end(entry);
        	entry = put(RDMA_NLDEV_ATTR_RES_QP_ENTRY, NULL, 0);
        	number(RDMA_NLDEV_ATTR_RES_LQPN, 1);
        	number(RDMA_NLDEV_ATTR_RES_SQ_PSN, 0);
        	byte(RDMA_NLDEV_ATTR_RES_TYPE, 1);
        	byte(RDMA_NLDEV_ATTR_RES_STATE, 6);
        	put(RDMA_NLDEV_ATTR_RES_KERN_NAME, "ib_core", sizeof("ib_core"));
        	end(entry);
        	entry = put(RDMA_NLDEV_ATTR_RES_QP_ENTRY, NULL, 0);
        	number(RDMA_NLDEV_ATTR_RES_LQPN, 20);
        	byte(RDMA_NLDEV_ATTR_RES_TYPE, 77);
        	byte(RDMA_NLDEV_ATTR_RES_STATE, 99);
        	end(entry);
        	end(table);
        	print();
        	number(RDMA_NLDEV_ATTR_DEV_INDEX, 3);
        	connected();
        	print();
        	table = put(RDMA_NLDEV_ATTR_RES_CM_ID, NULL, 0);
        	connection(17, AF_INET, "192.0.2.1", "192.0.2.2");
        	connection(0, AF_INET, "192.0.2.1", NULL);
        	connection(18, AF_INET6, "fd00::1", NULL);
        	connection(19, 27, NULL, NULL);
        	end(table);
        	print();
        	printf("%d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d\n",
        	       RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_QP_GET),
        	       RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_RES_CM_ID_GET),
        	       RDMA_NLDEV_ATTR_RES_QP, RDMA_NLDEV_ATTR_RES_QP_ENTRY, RDMA_NLDEV_ATTR_RES_LQPN,
        	       RDMA_NLDEV_ATTR_RES_RQPN, RDMA_NLDEV_ATTR_RES_RQ_PSN, RDMA_NLDEV_ATTR_RES_SQ_PSN,
        	       RDMA_NLDEV_ATTR_RES_TYPE, RDMA_NLDEV_ATTR_RES_STATE, RDMA_NLDEV_ATTR_RES_PID,
        	       RDMA_NLDEV_ATTR_RES_KERN_NAME, RDMA_NLDEV_ATTR_RES_CM_ID, RDMA_NLDEV_ATTR_RES_CM_ID_ENTRY,
        	       RDMA_NLDEV_ATTR_RES_SRC_ADDR, RDMA_NLDEV_ATTR_RES_DST_ADDR, RDMA_NLDEV_ATTR_RES_PDN);
        	return 0;
        }
        """;

    private static readonly QueuePairEntry s_connected = new(
        "mlx5_0", 1, 0xabcdef, RdmaQueuePairType.RC, RdmaQueuePairState.RTS, 18, 7, 0xfffffe, 4321, null, 5);

    private static readonly string[] s_lines = CProgram.Run(Program).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Constants_are_those_of_the_header()
    {
        ushort[] constants =
        [
            RdmaNetlink.QueuePairGet, RdmaNetlink.ConnectionGet, RdmaNetlink.QueuePairs, RdmaNetlink.QueuePair, RdmaNetlink.Number,
            RdmaNetlink.RemoteNumber, RdmaNetlink.ReceiveSequence, RdmaNetlink.SendSequence, RdmaNetlink.Type, RdmaNetlink.State,
            RdmaNetlink.ProcessId, RdmaNetlink.KernelName, RdmaNetlink.Connections, RdmaNetlink.Connection, RdmaNetlink.SourceAddress,
            RdmaNetlink.DestinationAddress, RdmaNetlink.ProtectionDomain,
        ];
        Assert.Equal(s_lines[3], string.Join(' ', constants));
    }

    [Fact]
    public void A_table_has_every_queue_pair_and_null_for_what_the_kernel_does_not_say()
    {
        QueuePairEntry general = new()
        {
            Device = "mlx5_0",
            Number = 1,
            Type = RdmaQueuePairType.GSI,
            State = RdmaQueuePairState.Error,
            SendSequence = 0,
            KernelUser = "ib_core",
        };
        Assert.Equal([s_connected, general, new QueuePairEntry { Device = "mlx5_0", Number = 20 }], Read(Message(0)));
    }

    [Fact]
    public void The_answer_to_a_single_query_is_the_same_queue_pair() => Assert.Equal([s_connected], Read(Message(1)));

    [Fact]
    public void Connections_have_their_addresses_and_those_without_a_queue_pair_are_left_out()
    {
        List<ConnectionEntry> entries = [];
        ConnectionEntry.Read(Message(2), entries);
        Assert.Equal(
            ["17 192.0.2.1 192.0.2.2", "18 fd00::1 ", "19  "],
            entries.Select(entry => $"{entry.QueuePair} {entry.Local} {entry.Remote}"));
    }

    [Fact]
    public void A_message_cut_short_anywhere_is_no_harm()
    {
        for (int message = 0; message < 3; message++)
        {
            byte[] whole = Message(message);
            for (int length = 0; length < whole.Length; length++)
            {
                List<ConnectionEntry> connections = [];
                ConnectionEntry.Read(whole.AsSpan(0, length), connections);
                Assert.InRange(Read(whole[..length]).Count + connections.Count, 0, 3);
            }
        }
    }

    private static byte[] Message(int line) => Convert.FromHexString(s_lines[line]);

    private static List<QueuePairEntry> Read(byte[] message)
    {
        List<QueuePairEntry> entries = [];
        QueuePairEntry.Read(message, "mlx5_0", entries);
        return entries;
    }
}
