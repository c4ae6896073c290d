using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>From snapshots to objects: rates, the top n, filters.</summary>
[Trait("Category", "Privileged")]
public sealed class FlowSamplerTests : IDisposable
{
    private const uint Tick = 1_000_000;

    private readonly TestTable _table = new(maxFlow: 131_072);
    private ulong _boot = 10_000_000_000;

    [Fact]
    public void Rates_are_over_the_time_that_was_measured()
    {
        FlowSampler sampler = new("test0", FlowDirection.Ingress, new FlowFilter());
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 58);
        _table.Run(frame, repeat: 10);
        Take(sampler, seconds: 2);
        FlowStat first = Assert.Single(sampler.All());
        Assert.Equal((5.0, 500.0), (first.PacketsPerSecond, first.BytesPerSecond));

        _table.Run(frame, repeat: 30);
        _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", 3, 58));
        Take(sampler, seconds: 4);
        Dictionary<ushort, FlowStat> second = sampler.All().ToDictionary(flow => flow.DestinationPort!.Value);
        Assert.Equal((40ul, 7.5, 750.0), (second[2].Packets, second[2].PacketsPerSecond, second[2].BytesPerSecond));
        Assert.Equal(0.25, second[3].PacketsPerSecond);

        Take(sampler, seconds: 1);
        Assert.All(sampler.All(), flow => Assert.Equal(0, flow.PacketsPerSecond));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(200)]
    [InlineData(1000)]
    public void The_top_n_are_the_first_n_of_a_sort(int n)
    {
        FlowSampler sampler = new("test0", FlowDirection.Ingress, new FlowFilter());
        for (int port = 1; port <= 200; port++)
        {
            // Packets and bytes in different orders, no two alike.
            _table.Run(Udp4("10.0.0.1", 1, "10.0.0.2", port, port * 7 % 1400), repeat: port * 37 % 211);
        }
        Take(sampler, seconds: 2);
        AssertTop(sampler, n, FlowOrder.Packets, flow => flow.Packets);
        AssertTop(sampler, n, FlowOrder.Bytes, flow => flow.Bytes);
        AssertTop(sampler, n, FlowOrder.PacketsPerSecond, flow => flow.PacketsPerSecond);
        AssertTop(sampler, n, FlowOrder.BytesPerSecond, flow => flow.BytesPerSecond);
        AssertTop(sampler, n, FlowOrder.Duration, flow => flow.Duration);
        AssertTop(sampler, n, FlowOrder.LastSeen, flow => flow.LastSeen);
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
        Assert.Equal(2, Count(new FlowFilter { TrafficTypes = [TrafficType.TCP] }));
        Assert.Equal(4, Count(new FlowFilter { TrafficTypes = [TrafficType.TCP, TrafficType.RoCEv1, TrafficType.RoCEv2] }));
        Assert.Equal(1, Count(new FlowFilter { TrafficTypes = [TrafficType.Ethernet] }));
        Assert.Equal(3, Count(new FlowFilter { Protocols = [IPProtocol.UDP] }));
        Assert.Equal(2, Count(new FlowFilter { Ports = [443] }));
        Assert.Equal(3, Count(new FlowFilter { Ports = [53] }));
        Assert.Equal(0, Count(new FlowFilter { Ports = [4791] }));
        Assert.Equal(8, Count(new FlowFilter { ExcludeDns = true }));
        Assert.Equal(6, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("10.0.0.0/8")] }));
        Assert.Equal(3, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("10.1.2.4/31")] }));
        Assert.Equal(2, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("8.8.8.8")] }));
        Assert.Equal(1, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("2001:db8:1::/48")] }));
        Assert.Equal(3, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("::/0")] }));
        Assert.Equal(6, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("0.0.0.0/0")] }));
        Assert.Equal(3, Count(new FlowFilter { Networks = [FlowFilter.ParseNetwork("192.168.0.1"), FlowFilter.ParseNetwork("fe80::/10")] }));
        Assert.Equal(1, Count(new FlowFilter { TrafficTypes = [TrafficType.TCP], Networks = [FlowFilter.ParseNetwork("10.1.2.3/8")], ExcludeDns = true }));
    }

    [Theory]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("2001:db8::1/33", "2001:db8::/33")]
    [InlineData("::1", "::1/128")]
    public void A_network_is_parsed_and_masked(string text, string expected) =>
        Assert.Equal(expected, FlowFilter.ParseNetwork(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("eth0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("::/129")]
    [InlineData("300.0.0.1")]
    public void What_is_no_network_is_refused_with_examples(string text)
    {
        XTraceException refusal = Assert.Throws<XTraceException>(() => FlowFilter.ParseNetwork(text));
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
        ClockCalibration clock = new(now, 0, new DateTime(2026, 1, 1, 12, 0, 0, DateTimeKind.Local), Tick);
        Assert.Equal(TimeSpan.FromMilliseconds(ticksLater), clock.TimeOf(stamp) - clock.Wall);
    }

    public void Dispose() => _table.Dispose();

    private void Take(FlowSampler sampler, int seconds)
    {
        ClockCalibration start = new() { BootNanoseconds = _boot };
        _boot += (ulong)seconds * 1_000_000_000;
        JiffiesClock clock = new(_table.Program.Clock, Tick);
        sampler.Take(
            snapshot =>
            {
                snapshot.Clock = clock.Calibrate() with { BootNanoseconds = _boot };
                _table.Read(snapshot);
            },
            start);
    }

    private int Count(FlowFilter filter)
    {
        FlowSampler sampler = new("test0", FlowDirection.Ingress, filter);
        Take(sampler, seconds: 1);
        int all = sampler.All().Count();
        Assert.Equal(all, sampler.Top(100, FlowOrder.Bytes).Count());
        return all;
    }

    private static void AssertTop<T>(FlowSampler sampler, int n, FlowOrder order, Func<FlowStat, T> value) =>
        Assert.Equal(sampler.All().Select(value).OrderDescending().Take(n), sampler.Top(n, order).Select(value));
}
