using System.Net;
using System.Net.Sockets;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>What a monitor keeps of flows beside their counts: TCP flags, DSCP, CE marks, sizes of frames.</summary>
[Trait("Category", "Privileged")]
public sealed class FlowDetailTests : IDisposable
{
    private const string A4 = "10.0.0.1";
    private const string B4 = "10.0.0.2";
    private const string A6 = "2001:db8::1";
    private const string B6 = "2001:db8::2";
    private const int Ip = 14;
    private const int Ip4Header = 20;
    private const int FlagsOffset = 13;
    private const int Ce = 3;

    private readonly TestTable _table = new(maxFlow: 64, detail: true);

    /// <summary>Each hook runs the same parser over the same frames.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frames_of_all_kinds_have_what_their_headers_say(bool isXdp)
    {
        Action<byte[]> run = isXdp ? frame => _table.Run(frame) : frame => _table.RunTc(frame);
        // TCP before everything, so that what is left of it would show.
        run(Marked4(Flagged(Tcp4(A4, 1, B4, 2, 10), 0xff), 46, Ce));
        Check(TcpControlBits.Cwr | (TcpControlBits)0x7f, 46, 1, 64, 64);
        run(Marked4(Udp4(A4, 1, B4, 2, 100), 10, 1));
        Check(null, 10, 0, 142, 142);
        run(Marked6(Udp6(A6, 1, B6, 2, 100), 63, Ce));
        Check(null, 63, 1, 162, 162);
        run(Marked6(Tcp6(A6, 1, B6, 2, 5), 0, 2));
        Check(TcpControlBits.Ack, 0, 0, 79, 79);
        run(Marked4(Tcp4(A4, 1, B4, 2, 10, [7]), 33, Ce, tags: 1));
        Check(TcpControlBits.Ack, 33, 1, 68, 68);
        run(Marked6(Extensions6(A6, B6, [0, 60], 6, Tcp(1, 2)), 1, Ce));
        Check(TcpControlBits.Ack, 1, 1, 90, 90);
        run(Marked4(Icmp4(A4, B4, 8, 0), 2, 0));
        Check(null, 2, 0, 42, 42);
        run(Marked4(Fragment4(A4, B4, 6, 1480, more: false, new byte[100]), 3, Ce));
        Check(null, 3, 1, 134, 134);
        run(Marked4(RoceV2(A4, 1, B4, 194, 10, 1000), 26, Ce));
        Check(null, 26, 1, 1058, 1058);
        run(RoceV1(A6, B6, 194, 10, 100));
        Check(null, null, null, 170, 170);
        run(Arp(A4, B4));
        Check(null, null, null, 42, 42);
        run(Behind("8847" + "0030904000309140", Marked4(Tcp4(A4, 1, B4, 2), 5, Ce)));
        Check(TcpControlBits.Ack, 5, 1, 62, 62);

        void Check(TcpControlBits? flags, int? dscp, int? ce, int smallest, int largest)
        {
            FlowStat flow = Assert.Single(_table.Flows());
            AssertDetails(flow, flags, dscp, ce, smallest, largest);
            _table.Restart();
        }
    }

    [Fact]
    public void A_flow_has_all_flags_the_last_DSCP_all_marks_and_the_extremes()
    {
        (int Flags, int Dscp, int Ecn, int Payload)[] frames = [(0x02, 0, 0, 8), (0x10, 46, Ce, 0), (0x18, 46, Ce, 900), (0x11, 8, 1, 40)];
        foreach ((int flags, int dscp, int ecn, int payload) in frames)
        {
            _table.Run(Marked4(Flagged(Tcp4(A4, 1, B4, 2, payload), flags), dscp, ecn));
        }
        TcpControlBits all = TcpControlBits.Fin | TcpControlBits.Syn | TcpControlBits.Push | TcpControlBits.Ack;
        AssertDetails(Assert.Single(_table.Flows()), all, 8, 2, 54, 954);
    }

    [Fact]
    public void Frames_on_several_CPUs_are_one_flow()
    {
        Cpu.Run(1, () => _table.Run(Marked4(Flagged(Tcp4(A4, 1, B4, 2, 500), 0x02), 1, Ce)));
        Cpu.Run(0, () => _table.Run(Marked4(Flagged(Tcp4(A4, 1, B4, 2, 100), 0x04), 2, Ce), repeat: 2));
        Thread.Sleep(25); // longer than a jiffy, so that it is known which came last
        Cpu.Run(1, () => _table.Run(Marked4(Flagged(Tcp4(A4, 1, B4, 2, 300), 0x10), 3, 0)));
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal(4ul, flow.Packets);
        AssertDetails(flow, TcpControlBits.Syn | TcpControlBits.Reset | TcpControlBits.Ack, 3, 3, 154, 554);
    }

    [Theory]
    [MemberData(nameof(SegmentTests.SuperPackets), MemberType = typeof(SegmentTests))]
    public void A_super_packet_has_the_sizes_of_its_segments(string name, byte[] frame, int headers)
    {
        const int SegmentSize = 500;
        foreach (uint told in (uint[])[5, 0])
        {
            _table.RunTc(frame, new SkbContext { Segments = told, SegmentSize = SegmentSize });
        }
        FlowStat flow = Assert.Single(_table.Flows());
        int last = frame.Length - headers - (4 * SegmentSize);
        Assert.True(
            ((uint)(headers + last), (uint)(headers + SegmentSize)) == (flow.MinFrameSize, flow.MaxFrameSize),
            $"{name}: {flow.MinFrameSize} to {flow.MaxFrameSize}, not {headers + last} to {headers + SegmentSize}");
    }

    [Fact]
    public void A_mark_on_a_super_packet_is_on_each_segment()
    {
        _table.RunTc(Marked4(Tcp4(A4, 1, B4, 2, 2321), 0, Ce), new SkbContext { Segments = 5, SegmentSize = 500 });
        AssertDetails(Assert.Single(_table.Flows()), TcpControlBits.Ack, 0, 5, 54 + 321, 554);
    }

    [Fact]
    public void Where_headers_cannot_be_told_sizes_are_null_until_a_frame_has_one()
    {
        byte[] frame = Ipv4(A4, B4, 50, new byte[2321]); // ESP
        _table.RunTc(frame, new SkbContext { Segments = 5, SegmentSize = 500 });
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal((null, null), (flow.MinFrameSize, flow.MaxFrameSize));
        _table.RunTc(frame);
        AssertDetails(Assert.Single(_table.Flows()), null, 0, 0, frame.Length, frame.Length);
        _table.RunTc(frame, new SkbContext { Segments = 5, SegmentSize = 500 });
        AssertDetails(Assert.Single(_table.Flows()), null, 0, 0, frame.Length, frame.Length);
    }

    /// <summary>As hardware tells that merged frames of several sizes: an average, so that the numbers do not fit.</summary>
    [Fact]
    public void Sizes_that_cannot_be_are_not_shown()
    {
        _table.RunTc(Tcp4(A4, 1, B4, 2, 1000), new SkbContext { Segments = 5, SegmentSize = 250 });
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.Equal((5ul, null, null), (flow.Packets, flow.MinFrameSize, flow.MaxFrameSize));
    }

    [Fact]
    public void The_end_of_a_flow_has_them_and_its_successor_begins_anew()
    {
        const int Slots = 8;
        const int Flows = 100;
        using TestTable table = new(Slots, detail: true);
        using EndsReader reader = new(table.Monitor);
        reader.Announce(1_000_000);
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < Flows; i++)
            {
                table.Run(Marked4(Flagged(Tcp4(A4, i, B4, 2, i), i), i % 64, i));
                table.Run(Marked4(Flagged(Tcp4(A4, i, B4, 2, 2 * i), i), i % 64, i));
            }
        });
        reader.Read();
        Assert.Equal([64 + 24], reader.Sizes);
        Assert.Equal(Flows - Slots, reader.Ends.Count);
        foreach (FlowEnd end in reader.Ends)
        {
            int i = FlowFields.SourcePortOf(end.Flow.Key);
            FlowDetails details = end.Details;
            Assert.Equal((i, ((i % 64) << 2) | (i % 4)), ((int)details.TcpFlags, (int)details.TrafficClass));
            Assert.Equal(
                (i % 4 == Ce ? 2 : 0, 54 + i, 54 + (2 * i)),
                ((int)details.CePackets, (int)details.SmallestFrame, (int)details.LargestFrame));
        }
        foreach (FlowStat flow in table.Flows())
        {
            int i = flow.SourcePort!.Value;
            AssertDetails(flow, (TcpControlBits)i, i % 64, i % 4 == Ce ? 2 : 0, 54 + i, 54 + (2 * i));
        }
    }

    /// <summary>As a session reads them, which merges the lives that a flow had in the table.</summary>
    [Fact]
    public void A_sample_has_those_of_flows_that_made_room()
    {
        using TestTable table = new(maxFlow: 8, detail: true);
        using BpfRing ring = table.ReadEnds();
        Cpu.Run(0, () =>
        {
            for (int life = 0; life < 2; life++)
            {
                table.Run(Marked4(Flagged(Tcp4(A4, 1, B4, 443, 100 * life), life == 0 ? 0x02 : 0x14), 10 + life, Ce));
                Thread.Sleep(25); // so that it is the oldest
                for (int i = 0; i < 64; i++)
                {
                    table.Run(Udp4(A4, i, B4, 2));
                }
            }
        });
        ring.Consume();
        FlowStat flow = Assert.Single(table.Flows(), flow => flow.TrafficType == TrafficType.TCP);
        Assert.Equal((FlowEndReason.LackOfResources, 2ul), (flow.EndReason, flow.Packets));
        AssertDetails(flow, TcpControlBits.Syn | TcpControlBits.Reset | TcpControlBits.Ack, 11, 2, 54, 154);
    }

    [Fact]
    public void The_top_flows_have_their_own()
    {
        for (int i = 1; i <= 9; i++)
        {
            _table.Run(Marked4(Tcp4(A4, i, B4, 2, 10 * i), i, 0), repeat: i);
        }
        FlowStat[] top = [.. _table.Take(1).Top(3, FlowOrder.Packets)];
        Assert.Equal([9, 8, 7], top.Select(flow => (int)flow.SourcePort!.Value));
        Assert.All(top, flow =>
        {
            int i = flow.SourcePort!.Value;
            AssertDetails(flow, TcpControlBits.Ack, i, 0, 54 + (10 * i), 54 + (10 * i));
        });
    }

    [Fact]
    public void A_monitor_that_nobody_asked_keeps_none_and_takes_no_memory_for_them()
    {
        using TestTable plain = new(maxFlow: 64);
        using EndsReader reader = new(plain.Monitor);
        reader.Announce(1_000_000);
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < 100; i++)
            {
                plain.Run(Marked4(Flagged(Tcp4(A4, i, B4, 2, 10), 0xff), 46, Ce));
            }
        });
        reader.Read();
        Assert.Equal([64 + 8], reader.Sizes);
        Assert.False(plain.Monitor.HasDetails);
        Assert.All(plain.Flows(), flow => AssertDetails(flow, null, null, null, null, null));
        Assert.True(_table.Monitor.HasDetails);
        Assert.Equal(_table.Monitor.Size, plain.Monitor.Size + ((24 - 8) * plain.Monitor.Slots));
    }

    [Theory]
    [InlineData(MonitorHook.XdpNative)]
    [InlineData(MonitorHook.XdpGeneric)]
    [InlineData(MonitorHook.Tcx)]
    [InlineData(MonitorHook.Clsact)]
    public void Real_frames_are_seen_on_every_hook(MonitorHook hook)
    {
        using VethPair pair = new();
        using OwnMonitor monitor = pair.Run(() => Attach(pair.Interface, FlowDirection.Ingress, hook));
        pair.Send(Flagged(Tcp4(A4, 1, B4, 80), 0x02), 3); // SYN, and nobody answers
        pair.Send(Flagged(Tcp4(A4, 2, B4, 80), 0x02));
        pair.Send(Flagged(Tcp4(A4, 2, B4, 80), 0x04)); // reset
        pair.Send(Marked6(Udp6(A6, 1, B6, 53, 30), 46, Ce), 4);
        pair.Send(Marked4(Udp4(A4, 1, B4, 53, 10, [7]), 12, Ce, tags: 1), 2);
        pair.Send(Marked4(Udp4(A4, 1, B4, 53, 1000, [7]), 14, 1, tags: 1));
        monitor.WaitFor(12);
        Dictionary<string, FlowStat> flows = monitor.Flows()
            .ToDictionary(flow => $"{flow.SourceAddress} {flow.SourcePort} {flow.TrafficType}");
        AssertDetails(flows[$"{A4} 1 TCP"], TcpControlBits.Syn, 0, 0, 54, 54);
        AssertDetails(flows[$"{A4} 2 TCP"], TcpControlBits.Syn | TcpControlBits.Reset, 0, 0, 54, 54);
        AssertDetails(flows[$"{A6} 1 UDP"], null, 46, 4, 92, 92);
        AssertDetails(flows[$"{A4} 1 UDP"], null, 14, 2, 56, 1046);
    }

    /// <summary>The kernel's own TCP: what arrives, XDP sees as well, and what it answers, TC alone.</summary>
    [Fact]
    public void A_refused_connection_shows_in_both_directions()
    {
        using VethPair pair = new();
        pair.AddAddresses();
        using OwnMonitor xdp = pair.Run(() => Attach(pair.Interface, FlowDirection.Ingress, MonitorHook.XdpNative));
        using OwnMonitor egress = pair.Run(() => Attach(pair.Interface, FlowDirection.Egress, MonitorHook.Tcx));
        using Socket socket = pair.RunAtPeer(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, 46 << 2);
        Assert.Throws<SocketException>(() => socket.Connect(new IPEndPoint(IPAddress.Parse(VethPair.Address), 81)));
        FlowStat asked = Assert.Single(xdp.Flows(), flow => flow.TrafficType == TrafficType.TCP);
        FlowStat refused = Assert.Single(egress.Flows(), flow => flow.TrafficType == TrafficType.TCP);
        AssertDetails(asked, TcpControlBits.Syn, 46, 0, 74, 74);
        Assert.Equal((TcpControlBits.Reset | TcpControlBits.Ack, 54u, 54u), (refused.TcpFlags, refused.MinFrameSize, refused.MaxFrameSize));
    }

    /// <summary>Segmented by the kernel behind the hook, and merged by it before: on the wire no frame is longer than the MTU.</summary>
    [Fact]
    public void TCP_in_super_packets_has_the_sizes_of_the_frames_on_the_wire()
    {
        const uint Full = 14 + 1500;
        const uint Headers = 14 + 20 + 32; // TCP with timestamps
        using VethPair pair = new();
        pair.AddAddresses();
        pair.Run(() => Command.Run("ethtool", "-K", pair.Interface, "tso", "off", "gro", "on"));
        pair.RunAtPeer(() => Command.Run("ethtool", "-K", pair.PeerInterface, "tso", "off", "gro", "off"));
        using OwnMonitor ingress = pair.Run(() => Attach(pair.Interface, FlowDirection.Ingress, MonitorHook.Tcx));
        using OwnMonitor egress = pair.Run(() => Attach(pair.Interface, FlowDirection.Egress, MonitorHook.Clsact));
        TcpTransfer.Run(pair, 3_000_000);
        foreach (OwnMonitor monitor in (OwnMonitor[])[ingress, egress])
        {
            FlowStat flow = monitor.Flows().Single(flow => flow.TrafficType == TrafficType.TCP);
            Assert.Equal((Headers, Full), (flow.MinFrameSize, flow.MaxFrameSize));
            Assert.Equal(TcpControlBits.Syn | TcpControlBits.Ack | TcpControlBits.Push, flow.TcpFlags & ~TcpControlBits.Fin);
        }
    }

    public void Dispose() => _table.Dispose();

    private static OwnMonitor Attach(string name, FlowDirection direction, MonitorHook hook) =>
        OwnMonitor.Attach(name, direction, new MonitorOptions { Hooks = [hook], Detail = true });

    private static void AssertDetails(FlowStat flow, TcpControlBits? flags, int? dscp, int? ce, int? smallest, int? largest) =>
        Assert.Equal(
            (flags, (byte?)dscp, (ulong?)ce, (uint?)smallest, (uint?)largest),
            (flow.TcpFlags, flow.Dscp, flow.EcnCePackets, flow.MinFrameSize, flow.MaxFrameSize));

    /// <summary>TCP over IPv4 without options or tags.</summary>
    private static byte[] Flagged(byte[] frame, int flags) => With(frame, Ip + Ip4Header + FlagsOffset, (byte)flags);

    private static byte[] Marked4(byte[] frame, int dscp, int ecn, int tags = 0) =>
        With(frame, Ip + (4 * tags) + 1, (byte)((dscp << 2) | (ecn & 3)));

    private static byte[] Marked6(byte[] frame, int dscp, int ecn)
    {
        int traffic = (dscp << 2) | ecn;
        return With(With(frame, Ip, (byte)(0x60 | (traffic >> 4))), Ip + 1, (byte)(traffic << 4));
    }
}
