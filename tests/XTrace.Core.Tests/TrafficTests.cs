using System.Net;
using System.Net.Sockets;
using System.Text;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>TC monitors under real traffic, against what interfaces count of themselves. On both kinds of TC hook.</summary>
[Trait("Category", "Privileged")]
public abstract class TrafficTests(MonitorHook hook) : IDisposable
{
    private const int Ethernet = 14;
    private const int Payload = 6_000_000;

    private readonly VethPair _pair = new();
    private int _attempts;

    /// <summary>
    /// Segmentation by the kernel itself: super-packets come through TC, single frames through the interface's counters.
    /// What arrives is merged again before TC sees it, which the fewer packets show that IP receives.
    /// </summary>
    [Fact]
    public void TCP_in_super_packets_is_counted_as_the_interface_counts_frames()
    {
        _pair.AddAddresses();
        _pair.Run(() => Command.Run("ethtool", "-K", _pair.Interface, "tso", "off", "gro", "on"));
        _pair.RunAtPeer(() => Command.Run("ethtool", "-K", _pair.PeerInterface, "tso", "off", "gro", "off"));
        while (true)
        {
            using OwnMonitor ingress = Attach(FlowDirection.Ingress);
            using OwnMonitor egress = Attach(FlowDirection.Egress);
            (ulong Packets, ulong Bytes) rx = Counters("rx");
            (ulong Packets, ulong Bytes) tx = Counters("tx");
            long merged = _pair.Run(() => TcpTransfer.ReadSnmp("Ip", "InReceives"));
            if (!IsSentWhole(() => TcpTransfer.Run(_pair, Payload)))
            {
                continue;
            }
            // While it merges, a veth leaves the Ethernet header out of what it has received.
            AssertSame(ingress, "rx", rx, headerless: true);
            AssertSame(egress, "tx", tx);
            Assert.InRange(ingress.Totals.Packets, Payload / 1460u, ulong.MaxValue);
            merged = _pair.Run(() => TcpTransfer.ReadSnmp("Ip", "InReceives")) - merged;
            Assert.InRange(merged, 1, (long)ingress.Totals.Packets / 2);
            return;
        }
    }

    /// <summary>
    /// Generic XDP learns the length of a super-packet and not that of its segments. It counts one packet, as the interface does.
    /// </summary>
    [Fact]
    public void Generic_XDP_counts_a_super_packet_as_one()
    {
        _pair.AddAddresses();
        using OwnMonitor generic = Attach(FlowDirection.Ingress, MonitorHook.XdpGeneric);
        using OwnMonitor tc = Attach(FlowDirection.Ingress);
        (ulong Packets, ulong Bytes) rx = Counters("rx");
        TcpTransfer.Run(_pair, Payload);
        AssertSame(generic, "rx", rx);
        Assert.InRange(generic.Totals.Packets, 1ul, tc.Totals.Packets / 2);
    }

    /// <summary>
    /// Super-packets that nobody ever segments, as between two ends of a veth pair with all offloads: a flow's bytes are
    /// those of so many segments with a header each. The interface counts a super-packet as one.
    /// </summary>
    [Fact]
    public void TCP_that_stays_in_super_packets_is_counted_as_on_a_wire()
    {
        const ulong Headers = Ethernet + 20 + 32; // TCP with timestamps
        const ulong SynOptions = 8; // what a SYN's header has more
        _pair.AddAddresses();
        // Acknowledgements of single blocks would make some headers longer.
        _pair.Run(() => File.WriteAllText("/proc/sys/net/ipv4/tcp_sack", "0"));
        // A segment that was sent twice is counted twice: not what this is about.
        for (int attempt = 0; ; attempt++)
        {
            using OwnMonitor ingress = Attach(FlowDirection.Ingress);
            using OwnMonitor egress = Attach(FlowDirection.Egress);
            using OwnMonitor peerEgress = _pair.RunAtPeer(() => Attach(_pair.PeerInterface, FlowDirection.Egress, hook));
            (ulong Packets, ulong Bytes) tx = Counters("tx");
            if (!TcpTransfer.Run(_pair, Payload) && attempt < 10)
            {
                continue;
            }
            SpinUntilSame(() => ingress.Totals.Bytes, () => peerEgress.Totals.Bytes);
            FlowTotals arrived = ingress.Totals;
            FlowTotals sent = peerEgress.Totals;
            Assert.Equal((sent.Packets, sent.Bytes), (arrived.Packets, arrived.Bytes));
            foreach (OwnMonitor monitor in (OwnMonitor[])[ingress, egress])
            {
                FlowStat flow = monitor.Flows().Single(flow => flow.TrafficType == TrafficType.TCP);
                Assert.Equal(Payload + SynOptions, flow.Bytes - (flow.Packets * Headers));
                Assert.InRange(flow.Packets, Payload / 1460u, ulong.MaxValue);
            }
            Assert.InRange(Counters("tx").Packets - tx.Packets, 1ul, egress.Totals.Packets / 2);
            return;
        }
    }

    /// <summary>A packet socket leaves a large frame's headers outside the linear part of the buffer.</summary>
    [Fact]
    public void Headers_outside_the_linear_part_are_read()
    {
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "mtu", "9000"));
        _pair.RunAtPeer(() => Command.Run("ip", "link", "set", _pair.PeerInterface, "mtu", "9000"));
        using OwnMonitor monitor = Attach(FlowDirection.Ingress);
        byte[] udp = Udp4("10.0.0.1", 1000, "10.0.0.2", 2000, 6000);
        byte[] roce = RoceV2("10.0.0.1", 1000, "10.0.0.2", 194, 10, 6000);
        _pair.Send(udp, 3);
        _pair.Send(roce, 4);
        _pair.Send(Extensions6("fd00::1", "fd00::2", [0, 43, 60], 6, Tcp(11, 12, 6000)), 5);
        monitor.WaitFor(12);
        string[] lines = [.. monitor.Flows().Select(flow => $"{flow}").Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                $"10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=4 bytes={4 * roce.Length}",
                $"10.0.0.1:1000 -> 10.0.0.2:2000 proto=17 packets=3 bytes={3 * udp.Length}",
                $"[fd00::1]:11 -> [fd00::2]:12 proto=6 packets=5 bytes={5 * (14 + 40 + 24 + 20 + 6000)}",
            ],
            lines);
    }

    /// <summary>The stack takes the outer tag off before TC; it was on the wire all the same.</summary>
    [Fact]
    public void Tags_are_seen_and_counted()
    {
        using OwnMonitor monitor = Attach(FlowDirection.Ingress);
        (ulong Packets, ulong Bytes) rx = Counters("rx");
        byte[] one = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100, [7]);
        byte[] two = Tcp6("2001:db8::1", 1, "2001:db8::2", 443, 100, [8, 9]);
        byte[] eight = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100, [9, 2, 3, 4, 5, 6, 7, 8]);
        byte[] nine = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100, [10, 2, 3, 4, 5, 6, 7, 8, 9]);
        _pair.Send(one, 3);
        _pair.Send(two, 4);
        _pair.Send(eight, 5);
        _pair.Send(nine, 6);
        monitor.WaitFor(18);
        // As XDP does, which sees all of them in the frame.
        Assert.Equal(0x8100, monitor.Flows().Single(flow => flow.VlanId == 10).EtherType!.Value);
        Assert.Equal(2, monitor.Flows().Single(flow => flow.VlanId == 9).DestinationPort!.Value);
        Assert.Equal(
            [
                ((ushort)7, 3ul, 3 * (ulong)one.Length), ((ushort)8, 4ul, 4 * (ulong)two.Length),
                ((ushort)9, 5ul, 5 * (ulong)eight.Length), ((ushort)10, 6ul, 6 * (ulong)nine.Length),
            ],
            monitor.Flows().Select(flow => (flow.VlanId!.Value, flow.Packets, flow.Bytes)).Order());
        AssertSame(monitor, "rx", rx);
    }

    /// <summary>
    /// The kernel hands a host's own multicast and broadcast back to it, as if they had arrived. A socket gets them; they
    /// are no frames of the interface. The same from the peer are.
    /// </summary>
    [Fact]
    public void Own_multicast_and_broadcast_are_not_counted()
    {
        _pair.AddAddresses();
        using OwnMonitor tc = Attach(FlowDirection.Ingress);
        using OwnMonitor generic = Attach(FlowDirection.Ingress, MonitorHook.XdpGeneric);
        (ulong Packets, ulong Bytes) rx = Counters("rx");
        _pair.Run(() =>
        {
            using UdpClient group = new(5353) { EnableBroadcast = true };
            group.JoinMulticastGroup(IPAddress.Parse("224.0.0.251"), IPAddress.Parse(VethPair.Address));
            byte[] address = IPAddress.Parse(VethPair.Address).GetAddressBytes();
            group.Client.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, address);
            group.Client.ReceiveTimeout = 5000;
            foreach (string to in (string[])["224.0.0.251", "10.7.7.255", "224.0.0.251"])
            {
                IPEndPoint? from = null;
                group.Send("hello"u8, new IPEndPoint(IPAddress.Parse(to), 5353));
                Assert.Equal("hello", Encoding.ASCII.GetString(group.Receive(ref from)));
                Assert.Equal(VethPair.Address, from.Address.ToString());
            }
        });
        Assert.Equal(rx, Counters("rx"));
        _pair.Send(Udp4(VethPair.PeerAddress, 5353, "224.0.0.251", 5353, 30), 2);
        foreach (OwnMonitor monitor in (OwnMonitor[])[tc, generic])
        {
            monitor.WaitFor(2);
            Assert.Equal(
                $"10.7.7.2:5353 -> 224.0.0.251:5353 proto=17 packets=2 bytes={2 * (Ethernet + 58)}",
                $"{Assert.Single(monitor.Flows())}");
        }
    }

    /// <summary>
    /// Over IPv6 a super-packet of more than 64 KiB says its length in an option (RFC 2675) that the kernel puts there, and that no
    /// segment has.
    /// </summary>
    [Fact]
    public void Super_packets_of_more_than_64_KiB_are_counted_as_the_interface_counts_frames()
    {
        _ = _pair.Run(() => AllowLarge(_pair.Interface, "fd88::1/64"));
        _ = _pair.RunAtPeer(() => AllowLarge(_pair.PeerInterface, "fd88::2/64"));
        AssertSameOnceNothingWasDropped(SendLarge);
    }

    private void SendLarge()
    {
        using TcpListener listener = _pair.RunAtPeer(() => new TcpListener(IPAddress.Parse("fd88::2"), 7000));
        listener.Start();
        using TcpClient client = _pair.Run(() => new TcpClient("fd88::2", 7000));
        client.SendBufferSize = 8 << 20;
        using TcpClient server = listener.AcceptTcpClient();
        Thread sender = new(() => client.GetStream().Write(new byte[20 * Payload]));
        sender.Start();
        server.GetStream().ReadExactly(new byte[20 * Payload]);
        sender.Join();
    }

    private static bool AllowLarge(string name, string address)
    {
        Command.Run("ethtool", "-K", name, "tso", "off");
        Command.Run("ip", "link", "set", name, "gso_max_size", "200000", "gro_max_size", "200000");
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "0");
        Command.Run("ip", "address", "add", address, "dev", name, "nodad");
        return true;
    }

    /// <summary>A VXLAN tunnel in another one, each on a port of its own: super-packets are segmented behind the hook.</summary>
    [Fact]
    public void Super_packets_in_tunnels_are_counted_as_the_interface_counts_frames()
    {
        _ = _pair.Run(() => AddTunnels(_pair.Interface, 1, 2));
        _ = _pair.RunAtPeer(() => AddTunnels(_pair.PeerInterface, 2, 1));
        Assert.InRange(AssertSameOnceNothingWasDropped(() => TcpTransfer.Run(_pair, Payload)), Payload / 1460u, ulong.MaxValue);
    }

    private static bool AddTunnels(string underlay, int own, int other)
    {
        Command.Run("ethtool", "-K", underlay, "tso", "off", "tx-udp_tnl-segmentation", "off");
        Command.Run("ip", "address", "add", $"192.0.2.{own}/24", "dev", underlay);
        foreach ((string name, string network, int port) in new[] { ("outer", "192.0.2", 14789), ("inner", "198.51.100", 9999) })
        {
            Command.Run(
                "ip", "link", "add", name, "type", "vxlan", "id", "7", "dstport", $"{port}",
                "local", $"{network}.{own}", "remote", $"{network}.{other}");
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1");
            Command.Run("ip", "address", "add", name == "outer" ? $"198.51.100.{own}/24" : $"10.7.7.{own}/24", "dev", name);
            Command.Run("ip", "link", "set", name, "up");
        }
        return true;
    }

    [Fact]
    public void Malformed_frames_are_counted()
    {
        using OwnMonitor monitor = Attach(FlowDirection.Ingress);
        // The stack drops a frame whose outer tag is cut before TC sees it.
        byte[][] frames =
        [
            .. ParserTests.Malformed.Select(row => (byte[])row[1])
                .Where(frame => !(frame[12] == 0x81 && frame.Length < 18)),
        ];
        _pair.Send(frames);
        monitor.WaitFor(frames.Length);
        FlowTotals totals = monitor.Totals;
        Assert.Equal((totals.Packets, totals.Bytes), (totals.MalformedPackets, totals.MalformedBytes));
        Assert.Equal((ulong)frames.Sum(frame => frame.Length), totals.Bytes);
    }

    [Fact]
    public void A_tun_interface_is_counted_both_ways()
    {
        const string Name = "xttun0";
        byte[] arriving = Udp4("10.8.8.2", 1, "10.8.8.1", 2, 100)[Ethernet..];
        _pair.Run(() =>
        {
            using Tun tun = new(Name);
            Command.Run("ip", "address", "add", "10.8.8.1/24", "dev", Name);
            using OwnMonitor ingress = Attach(Name, FlowDirection.Ingress, hook);
            using OwnMonitor egress = Attach(Name, FlowDirection.Egress, hook);
            using UdpClient socket = new(new IPEndPoint(IPAddress.Parse("10.8.8.1"), 2));
            for (int i = 0; i < 5; i++)
            {
                tun.Arrive(arriving);
                socket.Send("hello"u8, new IPEndPoint(IPAddress.Parse("10.8.8.2"), 4000));
                Assert.Equal("hello", Encoding.ASCII.GetString(tun.Take().AsSpan(28)));
            }
            FlowStat arrived = Assert.Single(ingress.Flows());
            FlowStat left = Assert.Single(egress.Flows());
            Assert.Equal($"10.8.8.2:1 -> 10.8.8.1:2 proto=17 packets=5 bytes={5 * arriving.Length}", $"{arrived}");
            Assert.Equal(
                ("10.8.8.2", (ushort)4000, FlowDirection.Egress),
                (left.DestinationAddress, left.DestinationPort!.Value, left.Direction));
            Assert.Equal((arrived.Packets, arrived.Bytes), LinkCounters.Read(Name, "rx"));
            Assert.Equal((left.Packets, left.Bytes), LinkCounters.Read(Name, "tx"));
        });
    }

    [Fact]
    public void The_loopback_interface_is_counted_both_ways() => _pair.Run(() =>
    {
        Command.Run("ip", "link", "set", "lo", "up");
        using OwnMonitor ingress = Attach("lo", FlowDirection.Ingress, hook);
        using OwnMonitor egress = Attach("lo", FlowDirection.Egress, hook);
        using UdpClient client = new();
        using UdpClient server = new(new IPEndPoint(IPAddress.Loopback, 4000));
        (ulong Packets, ulong Bytes) before = LinkCounters.Read("lo", "rx");
        client.Send("hello"u8, new IPEndPoint(IPAddress.Loopback, 4000));
        IPEndPoint? from = null;
        Assert.Equal(5, server.Receive(ref from).Length);
        (ulong Packets, ulong Bytes) after = LinkCounters.Read("lo", "rx");
        foreach (OwnMonitor monitor in (OwnMonitor[])[ingress, egress])
        {
            // lo leaves its Ethernet headers out of its counters.
            FlowStat flow = Assert.Single(monitor.Flows());
            Assert.Equal(
                (after.Packets - before.Packets, after.Bytes - before.Bytes),
                (flow.Packets, flow.Bytes - (Ethernet * flow.Packets)));
        }
    });

    public void Dispose()
    {
        _pair.Dispose();
        GC.SuppressFinalize(this);
    }

    private static OwnMonitor Attach(string name, FlowDirection direction, MonitorHook hook) =>
        OwnMonitor.Attach(name, direction, new MonitorOptions { Hooks = [hook] });

    private OwnMonitor Attach(FlowDirection direction, MonitorHook? other = null) =>
        _pair.Run(() => Attach(_pair.Interface, direction, other ?? hook));

    private (ulong Packets, ulong Bytes) Counters(string which) => _pair.Run(() => LinkCounters.Read(_pair.Interface, which));

    private void AssertSame(OwnMonitor monitor, string which, (ulong Packets, ulong Bytes) before, bool headerless = false)
    {
        SpinUntilSame(() => monitor.Totals.Packets, () => Counters(which).Packets - before.Packets);
        (ulong Packets, ulong Bytes) after;
        FlowTotals totals;
        do
        {
            after = Counters(which);
            totals = monitor.Totals;
        }
        while (Counters(which) != after);
        ulong headers = headerless ? Ethernet * totals.Packets : 0;
        Assert.Equal((after.Packets - before.Packets, after.Bytes - before.Bytes), (totals.Packets, totals.Bytes - headers));
        monitor.Flows();
    }

    /// <returns>The packets that were counted.</returns>
    private ulong AssertSameOnceNothingWasDropped(Action send)
    {
        while (true)
        {
            (ulong Packets, ulong Bytes) before = Counters("tx");
            using OwnMonitor egress = Attach(FlowDirection.Egress);
            (ulong Packets, ulong Bytes) tx = Counters("tx");
            // With IPv6 the kernel sends frames of its own at any time.
            if (before == tx && IsSentWhole(send))
            {
                AssertSame(egress, "tx", tx);
                return egress.Totals.Packets;
            }
        }
    }

    /// <summary>
    /// Whether nothing was dropped on the way. On a busy machine the other end's backlog overflows. The interface does not count what
    /// it drops by that, and TC has seen it: then the traffic is sent once more.
    /// </summary>
    private bool IsSentWhole(Action send)
    {
        Assert.True(_attempts++ < 20, "The interface dropped something each time.");
        ulong dropped = _pair.Run(() => LinkCounters.ReadDropped(_pair.Interface));
        send();
        return _pair.Run(() => LinkCounters.ReadDropped(_pair.Interface)) == dropped;
    }

    /// <summary>The last acknowledgements may still be on their way.</summary>
    private static void SpinUntilSame(Func<ulong> one, Func<ulong> other) => SpinWait.SpinUntil(() => one() == other(), 5000);
}

public sealed class TcxTrafficTests() : TrafficTests(MonitorHook.Tcx);

public sealed class ClsactTrafficTests() : TrafficTests(MonitorHook.Clsact);
