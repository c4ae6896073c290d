using XTrace.Bpf;
using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>From snapshots to objects: rates, the top n, filters.</summary>
[Trait("Category", "Privileged")]
public sealed class FlowMeterTests : IDisposable
{
    private const uint Tick = 1_000_000;

    private readonly TestTable _table = new(maxFlow: 131_072);

    [Fact]
    public void Rates_are_over_the_time_that_was_measured()
    {
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 58);
        _table.Run(frame, repeat: 10);
        FlowStat first = Assert.Single(_table.Take(seconds: 2).Flows());
        Assert.Equal((5.0, 500.0), (first.PacketsPerSecond, first.BytesPerSecond));

        _table.Run(frame, repeat: 30);
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 3, 58));
        Dictionary<ushort, FlowStat> second = _table.Take(seconds: 4).Flows().ToDictionary(flow => flow.DestinationPort!.Value);
        Assert.Equal((40ul, 7.5, 750.0), (second[2].Packets, second[2].PacketsPerSecond, second[2].BytesPerSecond));
        Assert.Equal(0.25, second[3].PacketsPerSecond);

        Assert.All(_table.Take(seconds: 1).Flows(), flow => Assert.Equal(0, flow.PacketsPerSecond));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(200)]
    [InlineData(1000)]
    public void The_top_n_are_the_first_n_of_a_sort(int n)
    {
        for (int port = 1; port <= 200; port++)
        {
            // Packets and bytes in different orders, no two alike.
            _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", port, port * 7 % 1400), repeat: port * 37 % 211);
        }
        FlowSample sample = _table.Take(seconds: 2);
        AssertTop(sample, n, FlowOrder.Packets, flow => flow.Packets);
        AssertTop(sample, n, FlowOrder.Bytes, flow => flow.Bytes);
        AssertTop(sample, n, FlowOrder.PacketsPerSecond, flow => flow.PacketsPerSecond);
        AssertTop(sample, n, FlowOrder.BytesPerSecond, flow => flow.BytesPerSecond);
        AssertTop(sample, n, FlowOrder.Rate, flow => flow.Rate);
        AssertTop(sample, n, FlowOrder.Duration, flow => flow.Duration);
        AssertTop(sample, n, FlowOrder.LastSeen, flow => flow.LastSeen);
    }

    /// <summary>Both directions of a host that talks to itself: the five-tuple is the same, the points are two.</summary>
    [Fact]
    public void The_top_n_are_of_each_direction()
    {
        for (int port = 1; port <= 20; port++)
        {
            byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", port);
            _table.RunTc(frame, repeat: port);
            _table.RunTc(frame, repeat: 21 - port, direction: FlowDirection.Egress);
        }
        FlowStat[] top = [.. _table.Take(seconds: 1).Top(3, FlowOrder.Packets)];
        Assert.Equal(
            [
                (FlowDirection.Ingress, 20), (FlowDirection.Ingress, 19), (FlowDirection.Ingress, 18),
                (FlowDirection.Egress, 1), (FlowDirection.Egress, 2), (FlowDirection.Egress, 3),
            ],
            top.Select(flow => (flow.Direction, (int)flow.DestinationPort!)));
    }

    /// <summary>The table is read after the clock is: a flow that goes on may be seen in between.</summary>
    [Fact]
    public void A_flow_that_is_seen_while_the_sample_is_taken_was_seen_last()
    {
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 1));
        Thread.Sleep(25);
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 2));
        FlowSample sample = _table.Take(seconds: 1);
        uint last = 0;
        foreach (ref readonly FlowRow row in sample.RowsOf(sample.Points[0]))
        {
            last = Math.Max(last, row.LastSeen);
        }
        sample.Clock = sample.Clock with { Jiffies = last - 1 };
        Assert.Equal([2, 1], sample.Top(2, FlowOrder.LastSeen).Select(flow => (int)flow.DestinationPort!));
        Assert.Equal(2, sample.Flows(activeWithin: TimeSpan.FromMinutes(1)).Count());
    }

    [Fact]
    public void What_was_not_seen_for_long_is_not_active()
    {
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 1), repeat: 2);
        Thread.Sleep(600);
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 2));
        FlowSample sample = _table.Take(seconds: 1);
        TimeSpan half = TimeSpan.FromMilliseconds(500);
        Assert.Equal((ushort)2, Assert.Single(sample.Flows(activeWithin: half)).DestinationPort);
        Assert.Equal((ushort)2, Assert.Single(sample.Top(1, FlowOrder.Packets, activeWithin: half)).DestinationPort);
        Assert.Equal((ushort)1, Assert.Single(sample.Top(1, FlowOrder.Packets)).DestinationPort);
        Assert.Equal(2, sample.Flows(activeWithin: TimeSpan.FromHours(1)).Count());
    }

    /// <summary>A flow that made room and came back is two rows, whose gains are what was counted since the sample before.</summary>
    [Fact]
    public void A_flow_that_made_room_has_a_row_of_its_own_with_what_it_gained()
    {
        using TestTable table = new(maxFlow: 8);
        using BpfRing ring = table.ReadEnds();
        byte[] first = Udp4("10.0.0.1", 1, "10.0.0.2", 1);
        Cpu.Run(0, () =>
        {
            table.Run(first, repeat: 5);
            table.Take(seconds: 1);
            table.Run(first, repeat: 2);
            Thread.Sleep(25);
            for (int port = 2; port <= 9; port++)
            {
                table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", port));
            }
            // Its slot was the ninth flow's; it takes that of another.
            Thread.Sleep(25);
            table.Run(first, repeat: 3);
        });
        ring.Consume();
        FlowStat[] rows = [.. table.Take(seconds: 1).Flows().Where(flow => flow.DestinationPort == 1)];
        Assert.Equal(
            [(FlowEndReason.None, 3ul, 3.0), (FlowEndReason.LackOfResources, 7ul, 2.0)],
            rows.Select(flow => (flow.EndReason, flow.Packets, flow.PacketsPerSecond)).Order());
        Assert.DoesNotContain(table.Take(seconds: 1).Flows(), flow => flow.EndReason != FlowEndReason.None);
    }

    [Fact]
    public void A_filter_lets_through_what_agrees_with_all_of_it()
    {
        foreach (byte[] frame in (byte[][])
        [
            Udp4("10.1.2.3", 5000, "8.8.8.8", 53), Tcp4("10.1.2.3", 5001, "8.8.8.8", 53), Tcp4("10.1.2.3", 5002, "192.168.0.1", 443),
            Udp6("2001:db8::1", 443, "2001:db8:1::2", 5003), Icmp4("10.1.2.3", "10.1.2.4", 8, 0), Icmp6("fe80::1", "ff02::1", 135, 0),
            RoceV2("10.1.2.3", 5004, "10.1.2.5", 17, 4), RoceV1("fe80::1", "fe80::2", 18, 4), Arp("10.1.2.3", "10.1.2.4"),
            Ipv4("10.1.2.3", "10.1.2.4", 132, Udp(53, 9, new byte[4])),
        ])
        {
            _table.Run(frame);
        }
        Assert.Equal(10, Count(new FlowFilter()));
        Assert.Equal(2, Count(new FlowFilter { TrafficType = [TrafficType.TCP] }));
        Assert.Equal(4, Count(new FlowFilter { TrafficType = [TrafficType.TCP, TrafficType.RoCEv1, TrafficType.RoCEv2] }));
        Assert.Equal(1, Count(new FlowFilter { TrafficType = [TrafficType.Ethernet] }));
        Assert.Equal(3, Count(new FlowFilter { Protocol = [IPProtocol.UDP] }));
        Assert.Equal(2, Count(new FlowFilter { Port = [443] }));
        Assert.Equal(3, Count(new FlowFilter { Port = [53] }));
        Assert.Equal(0, Count(new FlowFilter { Port = [4791] }));
        Assert.Equal(8, Count(new FlowFilter { ExcludeDns = true }));
        Assert.Equal(6, Count(new FlowFilter { Address = ["10.0.0.0/8"] }));
        Assert.Equal(3, Count(new FlowFilter { Address = ["10.1.2.4/31"] }));
        Assert.Equal(2, Count(new FlowFilter { Address = ["8.8.8.8"] }));
        Assert.Equal(1, Count(new FlowFilter { Address = ["2001:db8:1::/48"] }));
        Assert.Equal(3, Count(new FlowFilter { Address = ["::/0"] }));
        Assert.Equal(6, Count(new FlowFilter { Address = ["0.0.0.0/0"] }));
        Assert.Equal(3, Count(new FlowFilter { Address = ["192.168.0.1", "fe80::/10"] }));
        Assert.Equal(1, Count(new FlowFilter { TrafficType = [TrafficType.TCP], Address = ["10.1.2.3/8"], ExcludeDns = true }));
    }

    [Theory]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("2001:db8::1/33", "2001:db8::/33")]
    [InlineData("::1", "::1/128")]
    public void A_network_is_parsed_and_masked(string text, string expected) =>
        Assert.Equal(expected, Assert.Single(new FlowFilter { Address = [text] }.Address));

    [Theory]
    [InlineData("")]
    [InlineData("eth0/24")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("::/129")]
    [InlineData("300.0.0.1")]
    public void What_is_no_network_is_refused_with_examples(string text)
    {
        XTraceException refusal = Assert.Throws<XTraceException>(() => new FlowFilter { Address = [text] });
        Assert.Equal(("InvalidAddress", XTraceErrorKind.InvalidArgument), (refusal.ErrorId, refusal.Kind));
        Assert.Contains("10.0.0.0/8", refusal.Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string> Lines => new()
    {
        { Tcp4("192.168.1.100", 80, "192.168.1.1", 12345, 96), "192.168.1.100:80 -> 192.168.1.1:12345 proto=6 packets=10 bytes=1500" },
        { Udp6("2001:db8::1", 53, "2001:db8::2", 5353, 38), "[2001:db8::1]:53 -> [2001:db8::2]:5353 proto=17 packets=10 bytes=1000" },
        { RoceV2("10.0.0.1", 49152, "10.0.0.2", 77, 17, 4), "10.0.0.1:0 -> 10.0.0.2:77 proto=17 packets=10 bytes=620" },
        { Icmp4("10.0.0.1", "10.0.0.2", 8, 0, 58), "10.0.0.1:0 -> 10.0.0.2:0 proto=1 packets=10 bytes=1000" },
        { Arp("10.0.0.1", "10.0.0.2"), "02:00:00:00:00:01 -> ff:ff:ff:ff:ff:ff proto=0x0806 packets=10 bytes=420" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_flow_is_a_line(byte[] frame, string line)
    {
        _table.Run(frame, repeat: 10);
        Assert.Equal(line, Assert.Single(_table.Flows()).ToString());
    }

    [Theory]
    [InlineData(1000u, 900u, -100)]
    [InlineData(5u, 4294967290u, -11)] // around the wrap
    [InlineData(1000u, 1002u, 2)] // seen just after the calibration
    [InlineData(1000u, 3000000000u, -1294968296)] // most of a wrap ago
    public void A_stamp_is_a_time_before_the_calibration(uint now, uint stamp, int ticksLater)
    {
        ClockCalibration clock = new(now, 0, new DateTime(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc), Tick);
        Assert.Equal(TimeSpan.FromMilliseconds(ticksLater), clock.TimeOf(stamp) - clock.Local);
    }

    public void Dispose() => _table.Dispose();

    private int Count(FlowFilter filter)
    {
        FlowSample sample = _table.Take(seconds: 1, filter);
        int all = sample.Flows().Count();
        Assert.Equal(all, sample.Top(100, FlowOrder.Bytes).Count());
        return all;
    }

    private static void AssertTop<T>(FlowSample sample, int n, FlowOrder order, Func<FlowStat, T> value) =>
        Assert.Equal(sample.Flows().Select(value).OrderDescending().Take(n), sample.Top(n, order).Select(value));
}
