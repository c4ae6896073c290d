using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Frames of interfaces that have no Ethernet header, through the TC program.</summary>
[Trait("Category", "Privileged")]
public sealed class LinkTests
{
    private const int Ethernet = 14;
    private const int PseudoHeader = 20;

    /// <summary>
    /// BPF_PROG_TEST_RUN takes the ethertype, which the kernel knows of a real one without a header, from where an
    /// Ethernet header has it: these addresses have 0x0800 and 0x86dd there.
    /// </summary>
    public static TheoryData<byte[], string> Bare => new()
    {
        { Udp4("8.0.0.1", 1, "10.0.0.2", 2, 100)[Ethernet..], "8.0.0.1:1 -> 10.0.0.2:2 proto=17" },
        { Tcp4("8.0.0.1", 1, "10.0.0.2", 2)[Ethernet..], "8.0.0.1:1 -> 10.0.0.2:2 proto=6" },
        { Udp6("2001:db8:86dd::1", 1, "2001:db8::2", 2, 9)[Ethernet..], "[2001:db8:86dd::1]:1 -> [2001:db8::2]:2 proto=17" },
        { RoceV2("8.0.0.1", 1, "10.0.0.2", 194, 10)[Ethernet..], "8.0.0.1:0 -> 10.0.0.2:194 proto=10" },
        { [.. new byte[12], 0x88, 0x47, .. new byte[20]], "00:00:00:00:00:00 -> 00:00:00:00:00:00 proto=0x8847" },
    };

    public static TheoryData<byte[], string> Ipoib => new()
    {
        { Frame(0x0800, Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100)), "10.0.0.1:1 -> 10.0.0.2:2 proto=17" },
        { Frame(0x86dd, Tcp6("2001:db8::1", 1, "2001:db8::2", 2)), "[2001:db8::1]:1 -> [2001:db8::2]:2 proto=6" },
        { Frame(0x0806, Arp("10.0.0.1", "10.0.0.2")), "00:00:00:00:00:00 -> 00:00:00:00:00:00 proto=0x0806" },
    };

    [Theory]
    [MemberData(nameof(Bare))]
    public void Without_a_header_the_IP_header_is_the_first(byte[] frame, string flow) => AssertFlow(FlowAbi.LinkIp, frame, flow, frame.Length);

    [Theory]
    [MemberData(nameof(Ipoib))]
    public void IPoIB_s_pseudo_header_is_skipped_and_not_counted(byte[] frame, string flow) =>
        AssertFlow(FlowAbi.LinkIpoib, frame, flow, frame.Length - PseudoHeader);

    [Fact]
    public void An_IPoIB_frame_without_its_header_is_malformed()
    {
        using TestTable table = new(maxFlow: 64, link: FlowAbi.LinkIpoib);
        table.RunTc(new byte[PseudoHeader + 3]);
        Assert.Equal((1ul, 3ul), (table.Totals.MalformedPackets, table.Totals.MalformedBytes));
    }

    [Fact]
    public void An_IPoIB_super_packet_counts_the_headers_that_are_on_the_wire()
    {
        using TestTable table = new(maxFlow: 64, link: FlowAbi.LinkIpoib);
        byte[] frame = Frame(0x0800, Tcp4("10.0.0.1", 1, "10.0.0.2", 2, 2321));
        table.RunTc(frame, new SkbContext { Segments = 5, SegmentSize = 500 });
        FlowStat flow = Assert.Single(table.Flows());
        Assert.Equal((5ul, (ulong)(frame.Length - PseudoHeader + (4 * (4 + 20 + 20)))), (flow.Packets, flow.Bytes));
    }

    private static void AssertFlow(uint link, byte[] frame, string flow, int bytes)
    {
        using TestTable table = new(maxFlow: 64, link: link);
        table.RunTc(frame, repeat: 3);
        Assert.Equal($"{flow} packets=3 bytes={3 * bytes}", Assert.Single(table.Flows()).ToString());
    }

    /// <summary>The packet of an Ethernet frame behind IPoIB's headers.</summary>
    private static byte[] Frame(ushort ethertype, byte[] ethernet) =>
        [.. new byte[PseudoHeader], (byte)(ethertype >> 8), (byte)ethertype, 0, 0, .. ethernet[Ethernet..]];
}
