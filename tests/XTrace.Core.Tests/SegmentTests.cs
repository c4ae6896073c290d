using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Super-packets through the TC program: as many packets as they are on the wire, each with headers of its own.</summary>
[Trait("Category", "Privileged")]
public sealed class SegmentTests(TableFixture fixture) : IClassFixture<TableFixture>
{
    private const string A4 = "10.0.0.1";
    private const string B4 = "10.0.0.2";
    private const string A6 = "2001:db8::1";
    private const string B6 = "2001:db8::2";
    private const int Payload = 2321;
    private const int SegmentSize = 500; // 2321 bytes are five segments
    private const int Tcp4Headers = 14 + 20 + 20;
    private const int Vxlan = 14 + 20 + 8 + 8;

    private readonly TestTable _table = fixture.Begin();

    /// <summary>The frame, and how long the headers are that each segment repeats.</summary>
    public static TheoryData<string, byte[], int> SuperPackets => new()
    {
        { "TCP", Tcp4(A4, 1, B4, 2, Payload), Tcp4Headers },
        { "TCP with options", TcpWithOptions(), Tcp4Headers + 12 },
        { "TCP, IPv4 options", Tcp4(A4, 1, B4, 2, Payload, null, new byte[8]), Tcp4Headers + 8 },
        { "TCP over IPv6", Tcp6(A6, 1, B6, 2, Payload), 14 + 40 + 20 },
        { "TCP over IPv6 extensions", Extensions6(A6, B6, [0, 60], 6, Tcp(1, 2, Payload)), 14 + 40 + 16 + 20 },
        { "TCP, two tags", Tcp4(A4, 1, B4, 2, Payload, [1, 2]), Tcp4Headers + 8 },
        { "UDP", Udp4(A4, 1, B4, 2, Payload), 14 + 20 + 8 },
        { "UDP over IPv6", Udp6(A6, 1, B6, 2, Payload), 14 + 40 + 8 },
        { "RoCE v2", RoceV2(A4, 1, B4, 2, 4, Payload - 16), 14 + 20 + 8 },
        { "SCTP", Ipv4(A4, B4, 132, Udp(1, 2, new byte[4 + Payload])), 14 + 20 + 12 },
        { "VXLAN", Udp4Of(4789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)]), Vxlan + Tcp4Headers },
        { "VXLAN on Linux's old port", Udp4Of(8472, [.. new byte[8], .. Tcp6(A6, 1, B6, 2, Payload)]), Vxlan + 14 + 40 + 20 },
        { "VXLAN of UDP", Udp4Of(4789, [.. new byte[8], .. Udp4(A4, 1, B4, 2, Payload)]), Vxlan + 14 + 20 + 8 },
        {
            "GENEVE with options",
            Udp4Of(6081, [0x02, 0, 0x65, 0x58, .. new byte[4 + 8], .. Tcp4(A4, 1, B4, 2, Payload)]),
            Vxlan + 8 + Tcp4Headers
        },
        { "GRE", Ipv4(A4, B4, 47, [0, 0, 8, 0, .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), 14 + 20 + 4 + 40 },
        {
            "GRE with key and sequence",
            Ipv4(A4, B4, 47, [0x30, 0, 8, 0, .. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)[14..]]),
            14 + 20 + 12 + 40
        },
        { "GRE of Ethernet", Ipv4(A4, B4, 47, [0, 0, 0x65, 0x58, .. Tcp4(A4, 1, B4, 2, Payload)]), 14 + 20 + 4 + Tcp4Headers },
        { "IP in IP", Ipv4(A4, B4, 4, Tcp4(A4, 1, B4, 2, Payload)[14..]), 14 + 20 + 40 },
        { "IPv6 in IP", Ipv4(A4, B4, 41, Tcp6(A6, 1, B6, 2, Payload)[14..]), 14 + 20 + 60 },
        {
            "IP in VXLAN in VXLAN",
            Udp4Of(4789, [.. new byte[8], .. Udp4Of(4789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)])]),
            (2 * Vxlan) + Tcp4Headers
        },
        { "VXLAN on another port", Udp4Of(14789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)]), Vxlan + Tcp4Headers },
        { "VXLAN of a tag", Udp4Of(4789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload, [5])]), Vxlan + 4 + Tcp4Headers },
        { "VXLAN of two tags", Udp4Of(4789, [.. new byte[8], .. Tcp6(A6, 1, B6, 2, Payload, [5, 6])]), Vxlan + 8 + 14 + 40 + 20 },
        {
            "VXLAN of IPv6 extensions",
            Udp4Of(4789, [.. new byte[8], .. Extensions6(A6, B6, [0, 60], 6, Tcp(1, 2, Payload))]),
            Vxlan + 14 + 40 + 16 + 20
        },
        { "VXLAN with a checksum", Checksummed(Udp4Of(14789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)])), Vxlan + Tcp4Headers },
        {
            "VXLAN of IPv6 with a checksum",
            Checksummed(Udp4Of(14789, [.. new byte[8], .. Tcp6(A6, 1, B6, 2, Payload)])),
            Vxlan + 14 + 40 + 20
        },
        { "VXLAN over IPv6", Ipv6(A6, B6, 17, Udp(1, 4789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)])), 14 + 40 + 16 + Tcp4Headers },
        { "three in one another", Nested(3), (3 * Vxlan) + Tcp4Headers },
        {
            "three of different kinds",
            Udp4Of(
                7777,
                [
                    0, 0, 0x65, 0x58, .. new byte[4],
                    .. Ipv4(
                        A4, B4, 47,
                        [0x20, 0, 8, 0, .. new byte[4], .. Ipv4(A4, B4, 4, Tcp4(A4, 1, B4, 2, Payload)[14..])[14..]]),
                ]),
            Vxlan + 14 + 20 + 8 + 20 + 40
        },
        { "GENEVE on another port", Udp4Of(7777, [0, 0, 0x65, 0x58, .. new byte[4], .. Tcp4(A4, 1, B4, 2, Payload)]), Vxlan + Tcp4Headers },
        {
            "GENEVE's longest options",
            Udp4Of(7777, [0x3f, 0, 0x65, 0x58, .. new byte[4 + 252], .. Tcp4(A4, 1, B4, 2, Payload)]),
            Vxlan + 252 + Tcp4Headers
        },
        { "GENEVE of IP", Udp4Of(6081, [0x01, 0, 8, 0, .. new byte[4 + 4], .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), Vxlan + 4 + 40 },
        { "FOU", Udp4Of(5555, Tcp4(A4, 1, B4, 2, Payload)[14..]), 14 + 20 + 8 + 40 },
        { "FOU of IPv6 with a checksum", Checksummed(Udp4Of(5555, Tcp6(A6, 1, B6, 2, Payload)[14..])), 14 + 20 + 8 + 60 },
        { "FOU of GRE", Udp4Of(5555, [0x20, 0, 8, 0, .. new byte[4], .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), 14 + 20 + 8 + 8 + 40 },
        { "GUE", Udp4Of(6080, [0, 4, 0, 0, .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), 14 + 20 + 8 + 4 + 40 },
        {
            "GUE with fields, of UDP",
            Udp4Of(6080, [0x02, 41, 0, 0, .. new byte[8], .. Udp6(A6, 1, B6, 2, Payload)[14..]]),
            14 + 20 + 8 + 12 + 48
        },
        { "GRE of a tag", Ipv4(A4, B4, 47, [0, 0, 0x65, 0x58, .. Tcp4(A4, 1, B4, 2, Payload, [5])]), 14 + 20 + 4 + 4 + Tcp4Headers },
        { "ERSPAN", Ipv4(A4, B4, 47, [0x10, 0, 0x88, 0xbe, .. new byte[12], .. Tcp4(A4, 1, B4, 2, Payload)]), 14 + 20 + 16 + Tcp4Headers },
        { "IPv6 extensions in IP", Ipv4(A4, B4, 41, Extensions6(A6, B6, [60], 6, Tcp(1, 2, Payload))[14..]), 14 + 20 + 40 + 8 + 20 },
        { "MPLS", Behind("8847" + "0030904000309140" + "", Tcp4(A4, 1, B4, 2, Payload)), Tcp4Headers + 8 },
        { "three tags", Tcp4(A4, 1, B4, 2, Payload, [1, 2, 3]), Tcp4Headers + 12 },
        { "UDP with a checksum", Checksummed(Udp4(A4, 1, B4, 2, Payload)), 14 + 20 + 8 },
        {
            "UDP of what is a header but for its checksum",
            Checksummed(Udp4Of(2, With(Tcp4(A4, 1, B4, 2, Payload - 40)[14..], 8, 63))),
            14 + 20 + 8
        },
    };

    [Theory]
    [MemberData(nameof(SuperPackets))]
    public void It_counts_what_is_on_the_wire(string name, byte[] frame, int headers)
    {
        // Told how many there are, as by GRO, or left to work it out, as by a guest.
        foreach (uint told in (uint[])[5, 0])
        {
            _table.RunTc(frame, new SkbContext { Segments = told, SegmentSize = SegmentSize });
        }
        FlowStat flow = Assert.Single(_table.Flows());
        ulong expected = (ulong)(frame.Length + (4 * headers));
        Assert.True(
            (10ul, 2 * expected) == (flow.Packets, flow.Bytes),
            $"{name}: {flow.Packets} packets, {flow.Bytes} bytes, not 10 and {2 * expected}");
        _table.Snapshot();
    }

    /// <summary>Of real super-packets, each with what it was on the wire.</summary>
    [Theory]
    [InlineData(
        "0200000000020200000000020800456600598a604000402fa904d36e18730a0102039000655889e35d6c9c65fae8"
        + "0200000000010180c200000081009541080045ff0027d08d00004084e03f3ddc96d90a00000101c900350a139c36c409f2474fb89fb02a3625",
        14, 1351)]
    [InlineData(
        "0180c2000000ffffffffffff080045580051c45200004029542a0a0000020a000002"
        + "69329e0300153c4000000000000000000000ffff0a00000120010db800000000000000000000000184000882f12430de12b70050fd0ce3c36bee2f1e14",
        5, 471)]
    [InlineData(
        "0200000000010180c2000000810043b3080045c10068b39240004011cbdb0a010203c0a80101ffff1a800054e11808000000c805b800"
        + "ffffffffffff020000000001080045740036cc7e40004084350ae757fa7affffffff"
        + "12b582fac11e3d414339015d6590a62923630db0d5485493486d2ea68b616f003282",
        7, 722)]
    public void Frames_that_were_counted_short(string frame, uint segments, ulong bytes)
    {
        _table.RunTc(Convert.FromHexString(frame), new SkbContext { Segments = segments, SegmentSize = 65535 });
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal((segments, bytes), ((uint)flow.Packets, flow.Bytes));
    }

    [Fact]
    public void Where_headers_cannot_be_told_the_packets_are_exact_all_the_same()
    {
        byte[] frame = Ipv4(A4, B4, 50, new byte[Payload]); // ESP
        _table.RunTc(frame, new SkbContext { Segments = 5, SegmentSize = SegmentSize });
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal((5ul, (ulong)frame.Length), (flow.Packets, flow.Bytes));
    }

    [Fact]
    public void A_size_alone_does_not_make_one_packet_many()
    {
        byte[] frame = Tcp4(A4, 1, B4, 2, 10);
        _table.RunTc(frame, new SkbContext { SegmentSize = SegmentSize });
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal((1ul, (ulong)frame.Length), (flow.Packets, flow.Bytes));
    }

    [Fact]
    public void A_malformed_one_counts_its_segments()
    {
        byte[] frame = With(Tcp4(A4, 1, B4, 2, Payload), 14, 0x44);
        _table.RunTc(frame, new SkbContext { Segments = 5, SegmentSize = SegmentSize });
        Assert.Empty(_table.Flows());
        Assert.Equal((5ul, (ulong)frame.Length), (_table.Totals.MalformedPackets, _table.Totals.MalformedBytes));
    }

    private static byte[] Udp4Of(int port, byte[] payload) => Ipv4(A4, B4, 17, Udp(1, port, payload));

    /// <summary>UDP over IPv4 with a checksum, as what is no tunnel has; its value does not matter.</summary>
    private static byte[] Checksummed(byte[] frame) => With(frame, 14 + 20 + 6, 0x12);

    /// <summary>TCP in so many VXLAN tunnels, each on a port of its own.</summary>
    private static byte[] Nested(int tunnels) =>
        tunnels == 0 ? Tcp4(A4, 1, B4, 2, Payload) : Udp4Of(14789 + tunnels, [.. new byte[8], .. Nested(tunnels - 1)]);

    private static byte[] TcpWithOptions()
    {
        const int DataOffset = 14 + 20 + 12;
        return With(Tcp4(A4, 1, B4, 2, 12 + Payload), DataOffset, 0x80); // eight words
    }
}
