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
    public void Without_a_header_the_IP_header_is_the_first(byte[] frame, string flow) =>
        AssertFlow(FlowAbi.LinkIp, frame, flow, frame.Length);

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

    public static TheoryData<byte[]> LoopedBack =>
    [
        Udp4("192.168.77.1", 5353, "224.0.0.251", 5353, 30)[Ethernet..],
        Udp4("192.168.77.1", 17500, "192.168.77.255", 17500, 60)[Ethernet..],
        Ipv4("192.168.77.1", "224.0.0.22", 2, new byte[16], null, [0x94, 4, 0, 0])[Ethernet..], // IGMP with a router alert
        Udp4("129.0.0.1", 1, "224.0.0.251", 2, 30)[Ethernet..], // its address stands where a tag's ethertype does
        Udp6("fe80::1", 5353, "ff02::fb", 5353, 90)[Ethernet..],
        Udp6("2001:db8:8864::1", 5353, "ff02::fb", 5353, 90)[Ethernet..],
    ];

    /// <summary>Generic XDP gets own multicast without an Ethernet header, as dev_loopback_xmit() left it.</summary>
    [Theory]
    [MemberData(nameof(LoopedBack))]
    public void What_was_looped_back_is_not_counted_on_generic_XDP(byte[] packet)
    {
        using TestTable generic = new(maxFlow: 64, link: FlowAbi.LinkGeneric);
        using TestTable native = new(maxFlow: 64);
        generic.Run(packet);
        native.Run(packet);
        Assert.Equal((0ul, 0ul, 1ul), (generic.Totals.Packets, generic.Totals.Bytes, native.Totals.Packets));
        // One byte more or less, and it is a frame.
        generic.Run([.. packet, 0]);
        generic.Run(packet[..^1]);
        Assert.Equal(2ul, generic.Totals.Packets);
    }

    /// <summary>Whatever its addresses are: a frame with a network layer is never taken for one that was looped back.</summary>
    [Fact]
    public void Generic_XDP_loses_no_frame()
    {
        using TestTable generic = new(maxFlow: 4096, link: FlowAbi.LinkGeneric);
        using TestTable native = new(maxFlow: 4096);
        byte[][] frames =
        [
            .. ParserTests.Flows.Select(row => (byte[])row[1]),
            .. ParserTests.Malformed.Select(row => (byte[])row[1]),
        ];
        foreach (byte[] frame in frames)
        {
            generic.Run(frame);
            native.Run(frame);
        }
        Assert.Equal(
            (native.Totals.Packets, native.Totals.Bytes, native.Totals.MalformedPackets),
            (generic.Totals.Packets, generic.Totals.Bytes, generic.Totals.MalformedPackets));
        Assert.Equal(native.Flows().Select(flow => $"{flow}").Order(), generic.Flows().Select(flow => $"{flow}").Order());
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
