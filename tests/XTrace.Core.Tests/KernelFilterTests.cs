using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>The filter in the kernel keeps what the filter in user space lets through, and counts the rest.</summary>
public sealed class KernelFilterTests
{
    private static readonly byte[][] s_frames =
    [
        Udp4("10.1.2.3", 5000, "8.8.8.8", 53), Tcp4("10.1.2.3", 5001, "8.8.8.8", 53), Tcp4("10.1.2.3", 5002, "192.168.0.1", 443),
        Udp6("2001:db8::1", 443, "2001:db8:1::2", 5003), Udp6("::ffff:10.1.2.3", 443, "::ffff:8.8.8.8", 53),
        Icmp4("10.1.2.3", "10.1.2.4", 8, 0), Icmp6("fe80::1", "ff02::1", 135, 0), Ipv4("10.1.2.3", "10.1.2.4", 58, new byte[8]),
        RoceV2("10.1.2.3", 5004, "10.1.2.5", 17, 4), RoceV1("fe80::1", "fe80::2", 18, 4), Arp("10.1.2.3", "10.1.2.4"), Llc(),
        Ipv4("10.1.2.3", "10.1.2.4", 132, Udp(53, 9, new byte[4])), Ipv4("10.1.2.3", "10.1.2.4", 255, new byte[9]),
        Ipv4("10.1.2.3", "10.1.2.4", 136, Udp(53, 9, [])), Fragment4("10.1.2.3", "8.8.8.8", 17, 1480, false, new byte[8]),
        Udp4("10.1.2.3", 1, "8.8.8.8", 2, 0, [7]), Tcp4("10.1.2.3", 13568, "8.8.8.8", 47873), // 53 and 443 the wrong way round
    ];

    public static TheoryData<string> Filters => new()
    {
        "", "type TCP", "type UDP ICMP ICMPv6 SCTP", "type Ethernet", "type IP", "type RoCEv1 RoCEv2", "protocol 6",
        "protocol 17 132 255", "protocol 58", "protocol 27", "port 443", "port 53 5002",
        "port 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 443", "dns", "address 10.0.0.0/8", "address 10.1.2.4/31", "address 8.8.8.8",
        "address 0.0.0.0/0", "address ::/0", "address 2001:db8:1::/48", "address fe80::/10 192.168.0.1", "address 2001:db8::1/128",
        "address 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 ::1 192.168.0.0/17", "type TCP; address 10.1.2.3/8; dns",
        "type UDP; port 53; protocol 17; address ::/0",
    };

    [Theory]
    [Trait("Category", "Privileged")]
    [MemberData(nameof(Filters))]
    public void It_keeps_the_same_flows(string text)
    {
        FlowFilter filter = Parse(text);
        using TestTable all = new(maxFlow: 256);
        using TestTable kept = new(maxFlow: 256, filter);
        foreach (byte[] frame in s_frames)
        {
            all.Run(frame);
            kept.Run(frame);
            kept.RunTc(frame);
        }
        FlowSnapshot everything = all.Snapshot();
        FlowSnapshot snapshot = kept.Snapshot();
        FlowKey[] expected = [.. everything.Rows.ToArray().Select(flow => flow.Key).Where(key => filter.Matches(in key))];
        Assert.Equal(expected.Length, snapshot.Count);
        Assert.True(snapshot.Rows.ToArray().All(flow => expected.Contains(flow.Key) && flow.Packets == 2));
        Assert.Equal(2 * (ulong)(everything.Count - expected.Length), kept.Totals.FilteredPackets);
        Assert.Equal(2 * (ulong)s_frames.Length, kept.Totals.Packets);
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void It_can_be_read_back(string text)
    {
        FlowFilter filter = Parse(text);
        Assert.Equal(filter.ToString(), FilterCompiler.Decompile(FilterCompiler.Compile(filter)).ToString());
        Assert.Equal(filter.IsEmpty, text.Length == 0);
    }

    [Fact]
    public void More_than_it_holds_is_refused()
    {
        FlowFilter[] tooLarge =
        [
            new() { Port = [.. Enumerable.Range(1, 17).Select(port => (ushort)port)] },
            new() { Address = [.. Enumerable.Range(1, 9).Select(i => $"10.0.0.{i}")] },
        ];
        foreach (FlowFilter filter in tooLarge)
        {
            Assert.False(FilterCompiler.Fits(filter));
            Assert.Equal("FilterTooLarge", Assert.Throws<XTraceException>(() => FilterCompiler.Compile(filter)).ErrorId);
        }
    }

    private static FlowFilter Parse(string text)
    {
        ILookup<string, string> parts = text.Split("; ", StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split(' '))
            .SelectMany(words => words.Length == 1 ? [(words[0], "")] : words[1..].Select(word => (words[0], word)))
            .ToLookup(pair => pair.Item1, pair => pair.Item2);
        return new FlowFilter
        {
            TrafficType = [.. parts["type"].Select(Enum.Parse<TrafficType>).Order()],
            Protocol = [.. parts["protocol"].Select(word => (IPProtocol)byte.Parse(word, null))],
            Port = [.. parts["port"].Select(word => ushort.Parse(word, null))],
            Address = [.. parts["address"]],
            ExcludeDns = parts.Contains("dns"),
        };
    }
}
