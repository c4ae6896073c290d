using System.Globalization;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Frames through the real programs: one flow each, or malformed, the same on XDP and TC.</summary>
[Trait("Category", "Privileged")]
public sealed class ParserTests(TableFixture fixture) : IClassFixture<TableFixture>
{
    private const string A4 = "10.0.0.1";
    private const string B4 = "192.168.1.200";
    private const string A6 = "2001:db8::1";
    private const string B6 = "fd00::2:3";
    private const int Ip = 14; // where the IP header begins
    private const string Macs = $"{SourceMac} -> {DestinationMac}";

    private readonly TestTable _table = fixture.Begin();

    public static TheoryData<string, byte[], string> Flows => new()
    {
        { "TCP", Tcp4(A4, 54321, B4, 443, 10), $"TCP 6 {A4}:54321 -> {B4}:443" },
        { "UDP", Udp4(A4, 1, B4, 65535, 4), $"UDP 17 {A4}:1 -> {B4}:65535" },
        { "UDP, empty", Udp4(A4, 5, B4, 6), $"UDP 17 {A4}:5 -> {B4}:6" },
        { "UDP, padded", Pad(Udp4(A4, 5, B4, 6, 4)), $"UDP 17 {A4}:5 -> {B4}:6" },
        { "TCP over IPv6", Tcp6(A6, 54321, B6, 443), $"TCP 6 {A6}:54321 -> {B6}:443" },
        { "UDP over IPv6", Udp6(A6, 1, B6, 53, 9), $"UDP 17 {A6}:1 -> {B6}:53" },
        { "IPv4 options", Udp4(A4, 7, B4, 8, 0, null, new byte[40]), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "tot_len 0", With(With(Udp4(A4, 7, B4, 8), Ip + 2, 0), Ip + 3, 0), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "one tag", Udp4(A4, 7, B4, 8, 0, [100]), $"UDP 17 {A4}:7 -> {B4}:8 vlan 100" },
        { "tag with priority", Udp4(A4, 7, B4, 8, 0, [0xe064]), $"UDP 17 {A4}:7 -> {B4}:8 vlan 100" },
        { "two tags", Tcp6(A6, 7, B6, 8, 0, [4095, 100]), $"TCP 6 {A6}:7 -> {B6}:8 vlan 4095" },
        { "priority tag", Udp4(A4, 7, B4, 8, 0, [0x2000]), $"UDP 17 {A4}:7 -> {B4}:8 vlan 0" },
        { "three tags", Udp4(A4, 7, B4, 8, 0, [1, 2, 3]), $"UDP 17 {A4}:7 -> {B4}:8 vlan 1" },
        { "eight tags", Udp4(A4, 7, B4, 8, 0, [1, 2, 3, 4, 5, 6, 7, 8]), $"UDP 17 {A4}:7 -> {B4}:8 vlan 1" },
        { "nine tags: no further than the eighth", Udp4(A4, 7, B4, 8, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]), $"Ethernet 0x8100 {Macs} vlan 1" },
        { "0x9100", Behind("9100000581000006" + "0800", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8 vlan 5" },
        { "0x9200", Behind("92000005" + "86dd", Udp6(A6, 7, B6, 8)), $"UDP 17 {A6}:7 -> {B6}:8 vlan 5" },
        { "0x9300", Behind("93000005" + "0800", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8 vlan 5" },
        { "PPPoE", Behind("8864" + "11000001001e" + "0021", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "PPPoE, padded", Pad(Behind("8864" + "11000001001e" + "0021", Udp4(A4, 7, B4, 8)), 64), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "PPPoE of IPv6", Behind("8864" + "11000001003e" + "0057", Tcp6(A6, 7, B6, 8)), $"TCP 6 {A6}:7 -> {B6}:8" },
        { "PPPoE with a compressed protocol", Behind("8864" + "11000001001d" + "21", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        {
            "PPPoE behind tags",
            Behind("88a80005" + "81000006" + "8864" + "11000001001e" + "0021", Udp4(A4, 7, B4, 8)),
            $"UDP 17 {A4}:7 -> {B4}:8 vlan 5"
        },
        { "PPPoE, LCP", Behind("8864" + "11000001000a" + "c021", Udp4(A4, 7, B4, 8)), $"Ethernet 0x8864 {Macs}" },
        { "PPPoE of another version", Behind("8864" + "21000001001e" + "0021", Udp4(A4, 7, B4, 8)), $"Ethernet 0x8864 {Macs}" },
        { "PPPoE discovery", Behind("8863" + "11090000001e" + "0021", Udp4(A4, 7, B4, 8)), $"Ethernet 0x8863 {Macs}" },
        { "one label", Behind("8847" + "00309140", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "three labels, IPv6", Behind("8848" + "003090400030a04000000140", Tcp6(A6, 7, B6, 8)), $"TCP 6 {A6}:7 -> {B6}:8" },
        { "label behind a tag", Behind("81000007" + "8847" + "00309140", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8 vlan 7" },
        { "pseudowire", Behind("8847" + "00309140" + "00000000", Udp4(A4, 7, B4, 8)), $"Ethernet 0x8847 {Macs}" },
        { "label with nothing behind", Ethernet(0x8847, [0, 0x30, 0x91, 0x40]), $"Ethernet 0x8847 {Macs}" },
        { "SNAP", Behind("0024" + "aaaa03000000" + "0800", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        {
            "SNAP, padded, behind a tag",
            Pad(Behind("81000007" + "0024" + "aaaa03000000" + "0800", Udp4(A4, 7, B4, 8)), 64),
            $"UDP 17 {A4}:7 -> {B4}:8 vlan 7"
        },
        { "SNAP of IPv6", Behind("0044" + "aaaa03000000" + "86dd", Tcp6(A6, 7, B6, 8)), $"TCP 6 {A6}:7 -> {B6}:8" },
        { "SNAP of another organisation", Behind("0024" + "aaaa0300000c" + "0800", Udp4(A4, 7, B4, 8)), $"Ethernet 0x0004 {Macs}" },
        { "SNAP of ARP", Behind("0024" + "aaaa03000000" + "0806", Udp4(A4, 7, B4, 8)), $"Ethernet 0x0004 {Macs}" },
        { "MACsec in clear", Behind("88e5" + "0000" + "00000001" + "0800", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        {
            "MACsec in clear with a SCI",
            Behind("88e5" + "2000" + "00000001" + "0200000000010001" + "86dd", Tcp6(A6, 7, B6, 8)),
            $"TCP 6 {A6}:7 -> {B6}:8"
        },
        {
            "MACsec encrypted",
            Behind("88e5" + "2c00" + "00000001" + "0200000000010001" + "0800", Udp4(A4, 7, B4, 8)),
            $"Ethernet 0x88e5 {Macs}"
        },
        { "HSR", Behind("892f" + "0022" + "0001" + "0800", Udp4(A4, 7, B4, 8)), $"UDP 17 {A4}:7 -> {B4}:8" },
        { "AH over IPv4", Authenticated4(A4, B4, 1, 6, Tcp(1, 2)), $"TCP 6 {A4}:1 -> {B4}:2" },
        { "two AH over IPv4", Authenticated4(A4, B4, 2, 1, new byte[8]), $"ICMP 1 {A4} -> {B4} type 0 code 0" },
        { "AH of ESP", Authenticated4(A4, B4, 1, 50, new byte[8]), $"IP 50 {A4} -> {B4}" },
        { "IPv6's options are none of IPv4's", Ipv4(A4, B4, 60, [17, 0, .. new byte[6], .. Udp(1, 2, [])]), $"IP 60 {A4} -> {B4}" },
        { "later fragment with AH", Fragment4(A4, B4, 51, 1480, true, new byte[24]), $"IP 51 {A4} -> {B4} fragment" },
        { "payload length 0, no next header", Pad(Ipv6(A6, B6, 59, []), 64), $"IP 59 {A6} -> {B6}" },
        { "jumbogram", Jumbogram(40, Tcp(1, 2)), $"TCP 6 {A6}:1 -> {B6}:2" },
        {
            "jumbogram of 4 GiB",
            With(With(With(Jumbogram(0xff, Tcp(1, 2)), Ip + 44, 0xff), Ip + 45, 0xff), Ip + 46, 0xff),
            $"TCP 6 {A6}:1 -> {B6}:2"
        },
        { "UDP length 0 of a jumbogram", With(Jumbogram(16, Udp(1, 2, []), 17), Ip + 40 + 8 + 5, 0), $"UDP 17 {A6}:1 -> {B6}:2" },
        {
            "TCP of a frame that ends in its options",
            Truncate(With(Tcp4(A4, 1, B4, 2, 12), Ip + 32, 0x80), Ip + 40),
            $"TCP 6 {A4}:1 -> {B4}:2"
        },
        { "SCTP", Ipv4(A4, B4, 132, Udp(9, 10, new byte[4])), $"SCTP 132 {A4}:9 -> {B4}:10" },
        { "DCCP", Ipv4(A4, B4, 33, Udp(9, 10, new byte[4])), $"IP 33 {A4}:9 -> {B4}:10" },
        { "UDP-Lite", Ipv4(A4, B4, 136, Udp(9, 10, [])), $"IP 136 {A4}:9 -> {B4}:10" },
        { "ICMP", Icmp4(A4, B4, 3, 13), $"ICMP 1 {A4} -> {B4} type 3 code 13" },
        { "ICMPv6", Icmp6(A6, B6, 128, 0, 56), $"ICMPv6 58 {A6} -> {B6} type 128 code 0" },
        { "ICMPv6 over IPv4 is just a number", Ipv4(A4, B4, 58, new byte[8]), $"IP 58 {A4} -> {B4}" },
        { "ICMP over IPv6 is just a number", Ipv6(A6, B6, 1, new byte[8]), $"IP 1 {A6} -> {B6}" },
        { "GRE", Ipv4(A4, B4, 47, new byte[4]), $"IP 47 {A4} -> {B4}" },
        { "protocol without a payload", Ipv4(A4, B4, 99, []), $"IP 99 {A4} -> {B4}" },
        { "no next header", Ipv6(A6, B6, 59, []), $"IP 59 {A6} -> {B6}" },
        { "first fragment", Fragment4(A4, B4, 17, 0, true, Udp(11, 12, new byte[8])), $"UDP 17 {A4}:11 -> {B4}:12" },
        { "later fragment", Fragment4(A4, B4, 17, 1480, true, Udp(11, 12, [])), $"UDP 17 {A4} -> {B4} fragment" },
        { "last fragment", Fragment4(A4, B4, 17, 8, false, [1, 2]), $"UDP 17 {A4} -> {B4} fragment" },
        { "first fragment over IPv6", Fragment6(A6, B6, 6, 0, true, Tcp(11, 12)), $"TCP 6 {A6}:11 -> {B6}:12" },
        { "later fragment over IPv6", Fragment6(A6, B6, 6, 1448, false, [1]), $"TCP 6 {A6} -> {B6} fragment" },
        { "one extension", Extensions6(A6, B6, [0], 17, Udp(1, 2, [])), $"UDP 17 {A6}:1 -> {B6}:2" },
        { "AH", Extensions6(A6, B6, [51], 6, Tcp(1, 2)), $"TCP 6 {A6}:1 -> {B6}:2" },
        { "extensions of every kind", Extensions6(A6, B6, [0, 60, 43, 51, 135, 139, 140], 6, Tcp(1, 2)), $"TCP 6 {A6}:1 -> {B6}:2" },
        { "extensions before a first fragment", Extensions6(A6, B6, [0, 43, 44, 60], 17, Udp(1, 2, [])), $"UDP 17 {A6}:1 -> {B6}:2" },
        { "eight extensions", Extensions6(A6, B6, [60, 60, 60, 60, 60, 60, 60, 60], 17, Udp(1, 2, [])), $"UDP 17 {A6}:1 -> {B6}:2" },
        {
            "nine extensions: no further than the eighth",
            Extensions6(A6, B6, [60, 60, 60, 60, 60, 60, 60, 60, 60], 17, Udp(1, 2, [])),
            $"IP 60 {A6} -> {B6}"
        },
        { "extension of 2048 bytes", Ipv6(A6, B6, 60, [17, 255, .. new byte[2046], .. Udp(1, 2, [])]), $"UDP 17 {A6}:1 -> {B6}:2" },
        { "ESP ends the chain", Extensions6(A6, B6, [0], 50, new byte[8]), $"IP 50 {A6} -> {B6}" },
        { "RoCE v1", RoceV1("fe80::1", "fe80::2", 0x123456, 0x0a, 64), "RoCEv1 27 fe80::1 -> fe80::2 qp 1193046 opcode 10" },
        { "RoCE v2", RoceV2(A4, 49152, B4, 0xfffffe, 0x11, 4), $"RoCEv2 17 {A4} -> {B4} qp 16777214 opcode 17" },
        { "RoCE v2 over IPv6", RoceV2(A6, 49152, B6, 1, 0x64), $"RoCEv2 17 {A6} -> {B6} qp 1 opcode 100" },
        { "CNP", RoceV2(A4, 49152, B4, 0x80, 0x81, 16), $"RoCEv2 17 {A4} -> {B4} qp 128 opcode 129" },
        { "UDP to 4791, 11 bytes", Udp4(A4, 9, B4, 4791, 11), $"UDP 17 {A4}:9 -> {B4}:4791" },
        { "UDP to 4791, 11 bytes, padded", Pad(Udp4(A4, 9, B4, 4791, 11)), $"UDP 17 {A4}:9 -> {B4}:4791" },
        { "UDP to 4791, 12 bytes", Udp4(A4, 9, B4, 4791, 12), $"RoCEv2 17 {A4} -> {B4} qp 0 opcode 0" },
        { "UDP from 4791", Udp4(A4, 4791, B4, 9, 40), $"UDP 17 {A4}:4791 -> {B4}:9" },
        { "ARP", Arp(A4, B4), $"Ethernet 0x0806 {SourceMac} -> ff:ff:ff:ff:ff:ff" },
        { "LLC", Llc(), $"Ethernet 0x0004 {Macs}" },
        { "LLDP with a tag", Ethernet(0x88cc, new byte[46], [7]), $"Ethernet 0x88cc {Macs} vlan 7" },
        { "Ethernet header alone", Ethernet(0x1234, []), $"Ethernet 0x1234 {Macs}" },
    };

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "no tag behind the tag's ethertype", Truncate(Ethernet(0x0800, [], [1]), 17) },
        { "no second tag", Truncate(Ethernet(0x0800, [], [1, 2]), 21) },
        { "no IPv4 header", Ethernet(0x0800, []) },
        { "IPv4 header cut", Truncate(Udp4(A4, 1, B4, 2), Ip + 19) },
        { "IPv6 in IPv4's ethertype", With(Udp4(A4, 1, B4, 2), Ip, 0x65) },
        { "IHL 0", With(Udp4(A4, 1, B4, 2), Ip, 0x40) },
        { "IHL 4", With(Udp4(A4, 1, B4, 2), Ip, 0x44) },
        { "IHL beyond the frame", With(Udp4(A4, 1, B4, 2), Ip, 0x4f) },
        { "options beyond tot_len", Pad(With(With(Udp4(A4, 1, B4, 2), Ip, 0x4f), Ip + 3, 28), 128) },
        { "tot_len below the header", With(Udp4(A4, 1, B4, 2), Ip + 3, 19) },
        { "UDP header cut by the frame", Truncate(Udp4(A4, 1, B4, 2), Ip + 27) },
        { "UDP header cut by tot_len, padded", Pad(With(Udp4(A4, 1, B4, 2), Ip + 3, 27)) },
        { "TCP header cut", Truncate(Tcp4(A4, 1, B4, 2), Ip + 39) },
        { "SCTP header cut", Ipv4(A4, B4, 132, new byte[11]) },
        { "DCCP header cut", Ipv4(A4, B4, 33, new byte[11]) },
        { "UDP-Lite header cut", Ipv4(A4, B4, 136, new byte[7]) },
        { "ICMP header cut", Ipv4(A4, B4, 1, new byte[7]) },
        { "ICMPv6 header cut", Ipv6(A6, B6, 58, new byte[7]) },
        { "first fragment without its header", Fragment4(A4, B4, 6, 0, true, new byte[8]) },
        { "IPv6 header cut", Truncate(Udp6(A6, 1, B6, 2), Ip + 39) },
        { "IPv4 in IPv6's ethertype", With(Udp6(A6, 1, B6, 2), Ip, 0x45) },
        { "UDP over IPv6 cut by payload_len, padded", Pad(With(Udp6(A6, 1, B6, 2), Ip + 5, 7), 80) },
        { "extension missing", Ipv6(A6, B6, 60, []) },
        { "extension cut", Ipv6(A6, B6, 60, [17, 0, 0, 0, 0, 0, 0]) },
        { "extension longer than the packet", Ipv6(A6, B6, 60, [17, 1, .. new byte[6], .. Udp(1, 2, [])[..7]]) },
        { "second extension missing", Extensions6(A6, B6, [0], 43, []) },
        { "AH cut", Truncate(Extensions6(A6, B6, [51], 59, []), Ip + 40 + 15) },
        { "fragment header cut", Ipv6(A6, B6, 44, new byte[7]) },
        { "nothing behind eight extensions", Extensions6(A6, B6, [60, 60, 60, 60, 60, 60, 60, 60], 17, new byte[7]) },
        { "GRH cut", Truncate(RoceV1(A6, B6, 1, 2), Ip + 39) },
        { "BTH cut", Truncate(RoceV1(A6, B6, 1, 2), Ip + 51) },
        { "BTH cut by the GRH's length, padded", Pad(With(RoceV1(A6, B6, 1, 2), Ip + 5, 11), 80) },
        { "GRH of version 0", With(RoceV1(A6, B6, 1, 2), Ip, 0) },
        { "GRH of another next header", With(RoceV1(A6, B6, 1, 2), Ip + 6, 0x10) },
        { "no third tag", Truncate(Ethernet(0x0800, [], [1, 2, 3]), 25) },
        { "PPPoE cut", Ethernet(0x8864, [0x11, 0, 0, 1, 0]) },
        { "PPP protocol cut", Ethernet(0x8864, [0x11, 0, 0, 1, 0, 30, 0]) },
        { "PPP protocol cut by PPPoE's length, padded", Pad(Behind("8864" + "110000010001" + "0021", Udp4(A4, 7, B4, 8)), 64) },
        { "UDP cut by PPPoE's length", Behind("8864" + "11000001001d" + "0021", Udp4(A4, 7, B4, 8)) },
        { "IPv6 cut by PPPoE's length", Behind("8864" + "110000010029" + "0057", Tcp6(A6, 7, B6, 8)) },
        { "TCP over IPv6 cut by PPPoE's length", Behind("8864" + "11000001003d" + "0057", Tcp6(A6, 7, B6, 8)) },
        { "label stack without a bottom", Ethernet(0x8847, [0, 0x30, 0x90, 0x40]) },
        { "IPv4 cut behind a label", Truncate(Behind("8847" + "00309140", Udp4(A4, 7, B4, 8)), 18 + 27) },
        { "SNAP cut", Ethernet(8, [0xaa, 0xaa, 3, 0, 0, 0, 8]) },
        { "SNAP cut by its length, padded", Pad(Behind("0007" + "aaaa03000000" + "0800", Udp4(A4, 7, B4, 8)), 64) },
        { "UDP cut by SNAP's length", Behind("0023" + "aaaa03000000" + "0800", Udp4(A4, 7, B4, 8)) },
        { "MACsec cut", Ethernet(0x88e5, new byte[7]) },
        { "MACsec cut in its SCI", Ethernet(0x88e5, [0x20, .. new byte[14]]) },
        { "MACsec cut in its SCI, encrypted", Ethernet(0x88e5, [0x2c, .. new byte[14]]) },
        { "HSR cut", Ethernet(0x892f, new byte[5]) },
        { "AH over IPv4 cut", Ipv4(A4, B4, 51, [6, 1, .. new byte[9]]) },
        { "AH of 8 bytes over IPv4", Ipv4(A4, B4, 51, [6, 0, .. new byte[6], .. Tcp(1, 2)]) },
        { "AH of 8 bytes", Ipv6(A6, B6, 51, [6, 0, .. new byte[6], .. Tcp(1, 2)]) },
        { "nothing behind AH over IPv4", Authenticated4(A4, B4, 1, 17, new byte[7]) },
        { "payload length 0 with TCP behind", With(Tcp6(A6, 1, B6, 2), Ip + 5, 0) },
        {
            "payload length 0 with an option that is none of jumbograms",
            With(With(Extensions6(A6, B6, [0], 6, Tcp(1, 2)), Ip + 5, 0), Ip + 42, 1)
        },
        { "TCP header cut by the jumbogram's length", Jumbogram(8 + 19, Tcp(1, 2)) },
        { "TCP header of 16 bytes", With(Tcp4(A4, 1, B4, 2), Ip + 32, 0x40) },
        { "TCP header of 0 bytes", With(Tcp6(A6, 1, B6, 2), Ip + 52, 0) },
        { "TCP header longer than the packet", Pad(With(Tcp4(A4, 1, B4, 2, 3), Ip + 32, 0x60), 80) },
        { "UDP length 7", With(Udp4(A4, 1, B4, 2), Ip + 25, 7) },
        { "UDP length 0 over IPv4", With(Udp4(A4, 1, B4, 2), Ip + 25, 0) },
    };

    [Theory]
    [MemberData(nameof(Flows))]
    public void A_frame_is_a_flow(string name, byte[] frame, string expected)
    {
        _table.Run(frame, repeat: 3);
        _table.RunTc(frame, repeat: 2);
        FlowStat flow = Assert.Single(_table.Flows());
        Assert.True(expected == Describe(flow), $"{name}: expected {expected}, got {Describe(flow)}");
        Assert.Equal((5ul, 5 * (ulong)frame.Length), (flow.Packets, flow.Bytes));
        Assert.Equal(0ul, _table.Totals.MalformedPackets);
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_frame_is_malformed(string name, byte[] frame)
    {
        ulong tc = TestTable.TakesTc(frame) ? 2ul : 0;
        _table.Run(frame, repeat: 3);
        _table.RunTc(frame, repeat: (int)tc);
        Assert.True(_table.Flows().Count == 0, name);
        Assert.Equal((3 + tc, (3 + tc) * (ulong)frame.Length), (_table.Totals.MalformedPackets, _table.Totals.MalformedBytes));
    }

    /// <summary>Every prefix of every frame: the program passes it and the counts add up, whatever it is.</summary>
    [Fact]
    public void A_frame_cut_anywhere_passes_and_is_counted()
    {
        ulong frames = 0;
        ulong bytes = 0;
        foreach (byte[] frame in Flows.Select(row => (byte[])row[1]))
        {
            for (int length = 14; length <= Math.Min(frame.Length, 160); length++)
            {
                byte[] cut = Truncate(frame, length);
                int tc = TestTable.TakesTc(cut) ? 1 : 0;
                _table.Run(cut);
                _table.RunTc(cut, repeat: tc);
                frames += 1 + (ulong)tc;
                bytes += (1 + (ulong)tc) * (ulong)length;
            }
        }
        _table.Snapshot();
        Assert.Equal((frames, bytes), (_table.Totals.Packets, _table.Totals.Bytes));
    }

    [Fact]
    public void Flows_that_differ_in_one_field_are_two()
    {
        byte[][] frames =
        [
            Udp4(A4, 1, B4, 2), Udp4("10.0.0.3", 1, B4, 2), Udp4(A4, 1, "10.0.0.3", 2), Udp4(A4, 3, B4, 2), Udp4(A4, 1, B4, 3),
            Tcp4(A4, 1, B4, 2), Udp4(A4, 1, B4, 2, 0, [0x1000]), Udp4(A4, 1, B4, 2, 0, [1]), Udp4(B4, 2, A4, 1),
            Udp6($"::ffff:{A4}", 1, $"::ffff:{B4}", 2), Icmp4(A4, B4, 8, 0), Icmp4(A4, B4, 0, 0),
        ];
        foreach (byte[] frame in frames)
        {
            _table.Run(frame);
        }
        Assert.Equal(frames.Length, _table.Snapshot().Count);
    }

    /// <summary>RFC 2675: payload length 0, and the length in a hop-by-hop option.</summary>
    private static byte[] Jumbogram(byte length, byte[] payload, byte protocol = 6) =>
        With(Ipv6(A6, B6, 0, [protocol, 0, 0xc2, 4, 0, 0, 0, length, .. payload]), Ip + 5, 0);

    /// <summary>The flow's identity, each field that it has.</summary>
    internal static string Describe(FlowStat flow)
    {
        string protocol = flow.EtherType is { } ethertype ? $"0x{ethertype:x4}" : $"{(byte)flow.Protocol!.Value}";
        string source = $"{flow.SourceAddress}{Field(":", flow.SourcePort)}";
        string destination = $"{flow.DestinationAddress}{Field(":", flow.DestinationPort)}";
        string text = $"{flow.TrafficType} {protocol} {source} -> {destination}";
        return text + Field(" type ", flow.IcmpType) + Field(" code ", flow.IcmpCode)
            + Field(" qp ", flow.DestinationQueuePair) + Field(" opcode ", (byte?)flow.Opcode)
            + (flow.IsFragment ? " fragment" : "") + Field(" vlan ", flow.VlanId);
    }

    private static string Field<T>(string name, T? value)
        where T : struct, IFormattable =>
        value is { } known ? name + known.ToString(null, CultureInfo.InvariantCulture) : "";
}
