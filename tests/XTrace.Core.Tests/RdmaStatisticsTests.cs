using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// Answers about optional counters that a C program builds with the kernel's own headers, as nldev.c does. No software device has
/// such counters; the kernel that answers for real is that of the virtual machine's tests.
/// </summary>
public sealed class RdmaStatisticsTests
{
    private const string Program = """
        #include <stdio.h>
        #include <string.h>
        #include <linux/netlink.h>
        #include <rdma/rdma_netlink.h>

        static char buffer[4096];
        static int length;

        static int begin(int type)
        {
        	struct nlattr *attribute = (struct nlattr *)(buffer + length);
        	int start = length;

        	attribute->nla_type = type | NLA_F_NESTED;
        	length += NLA_HDRLEN;
        	return start;
        }

        static void end(int start)
        {
        	((struct nlattr *)(buffer + start))->nla_len = length - start;
        	length = NLA_ALIGN(length);
        }

        static void put(int type, const void *value, int size)
        {
        	int start = begin(type);

        	((struct nlattr *)(buffer + start))->nla_type = type;
        	memcpy(buffer + length, value, size);
        	length += size;
        	end(start);
        }

        static void counter(const char *name, const unsigned char *dynamic, const unsigned long long *value)
        {
        	int entry = begin(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY);

        	put(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_NAME, name, strlen(name) + 1);
        	if (value)
        		put(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_VALUE, value, sizeof(*value));
        	if (dynamic)
        		put(RDMA_NLDEV_ATTR_STAT_HWCOUNTER_DYNAMIC, dynamic, 1);
        	end(entry);
        }

        int main(int argc, char **argv)
        {
        	unsigned long long values[] = { 7, 0xffffffffffffffffULL };
        	unsigned char on = 1, off = 0;
        	unsigned int port = 1;
        	int table;

        	if (argc > 1) {
        		printf("%d %d %d %d %d %d %d", RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_STAT_GET),
        		       RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_STAT_GET_STATUS), RDMA_NLDEV_ATTR_STAT_HWCOUNTERS,
        		       RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY, RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_NAME,
        		       RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_VALUE, RDMA_NLDEV_ATTR_STAT_HWCOUNTER_DYNAMIC);
        		return 0;
        	}
        	put(RDMA_NLDEV_ATTR_PORT_INDEX, &port, sizeof(port));
        	table = begin(RDMA_NLDEV_ATTR_STAT_HWCOUNTERS);
        	counter("np_cnp_sent", NULL, &values[0]);
        	counter("cc_rx_ce_pkts", &on, &values[1]);
        	counter("cc_tx_cnp_pkts", &off, NULL);
        	end(table);
        	for (int i = 0; i < length; i++)
        		printf("%02x", buffer[i] & 0xff);
        	return 0;
        }
        """;

    private static readonly byte[] s_answer = Convert.FromHexString(CProgram.Run(Program));

    [Fact]
    public void Constants_are_those_of_the_header() =>
        Assert.Equal(string.Join(' ', RdmaStatistics.Constants), CProgram.Run(Program, "constants"));

    [Fact]
    public void Only_optional_counters_that_are_enabled_are_named() =>
        Assert.Equal(["cc_rx_ce_pkts"], RdmaStatistics.ReadEnabled(s_answer));

    [Fact]
    public void Values_are_64_bits_wide() => Assert.Equal(
        [KeyValuePair.Create("np_cnp_sent", 7ul), KeyValuePair.Create("cc_rx_ce_pkts", ulong.MaxValue)],
        RdmaStatistics.ReadValues(s_answer).ToArray());

    [Fact]
    public void An_answer_cut_short_anywhere_is_no_harm()
    {
        for (int length = 0; length < s_answer.Length; length++)
        {
            Assert.InRange(RdmaStatistics.ReadEnabled(s_answer.AsSpan(0, length)).Count, 0, 1);
            Assert.InRange(RdmaStatistics.ReadValues(s_answer.AsSpan(0, length)).Count, 0, 2);
        }
    }

    [Fact]
    public void Where_the_kernel_does_not_answer_there_are_none_and_nothing_fails()
    {
        using RdmaStatistics statistics = new();
        Assert.Null(statistics.Enabled("nosuch", 1));
        Assert.Empty(statistics.Values("nosuch", 1, out _));
    }
}
