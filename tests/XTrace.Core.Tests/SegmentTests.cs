using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Super-packets through the TC program: as many packets as they are on the wire, each with headers of its own.</summary>
[Trait("Category", "Privileged")]
public sealed class SegmentTests : IDisposable
{
    private const string A4 = "10.0.0.1";
    private const string B4 = "10.0.0.2";
    private const string A6 = "2001:db8::1";
    private const string B6 = "2001:db8::2";
    private const int Payload = 2321;
    private const int SegmentSize = 500; // 2321 bytes are five segments
    private const int Tcp4Headers = 14 + 20 + 20;
    private const int Vxlan = 14 + 20 + 8 + 8;

    private readonly TestTable _table = new(maxFlow: 64);

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
        { "GENEVE with options", Udp4Of(6081, [0x02, 0, 0x65, 0x58, .. new byte[4 + 8], .. Tcp4(A4, 1, B4, 2, Payload)]), Vxlan + 8 + Tcp4Headers },
        { "GRE", Ipv4(A4, B4, 47, [0, 0, 8, 0, .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), 14 + 20 + 4 + 40 },
        { "GRE with key and sequence", Ipv4(A4, B4, 47, [0x30, 0, 8, 0, .. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)[14..]]), 14 + 20 + 12 + 40 },
        { "GRE of Ethernet", Ipv4(A4, B4, 47, [0, 0, 0x65, 0x58, .. Tcp4(A4, 1, B4, 2, Payload)]), 14 + 20 + 4 + Tcp4Headers },
        { "IP in IP", Ipv4(A4, B4, 4, Tcp4(A4, 1, B4, 2, Payload)[14..]), 14 + 20 + 40 },
        { "IPv6 in IP", Ipv4(A4, B4, 41, Tcp6(A6, 1, B6, 2, Payload)[14..]), 14 + 20 + 60 },
        { "IP in VXLAN in VXLAN", Udp4Of(4789, [.. new byte[8], .. Udp4Of(4789, [.. new byte[8], .. Tcp4(A4, 1, B4, 2, Payload)])]), (2 * Vxlan) + Tcp4Headers },
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
        Assert.True((10ul, 2 * expected) == (flow.Packets, flow.Bytes), $"{name}: {flow.Packets} packets, {flow.Bytes} bytes, not 10 and {2 * expected}");
        _table.Snapshot();
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

    public void Dispose() => _table.Dispose();

    private static byte[] Udp4Of(int port, byte[] payload) => Ipv4(A4, B4, 17, Udp(1, port, payload));

    private static byte[] TcpWithOptions()
    {
        const int DataOffset = 14 + 20 + 12;
        return With(Tcp4(A4, 1, B4, 2, 12 + Payload), DataOffset, 0x80); // eight words
    }
}
