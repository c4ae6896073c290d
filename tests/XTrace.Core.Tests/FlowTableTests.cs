using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>The table in the kernel and its reader, at rest.</summary>
[Trait("Category", "Privileged")]
public sealed class FlowTableTests
{
    [Fact]
    public void A_flow_that_two_CPUs_saw_is_one()
    {
        using TestTable table = new();
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);
        byte[] onlyFirst = Udp4("10.0.0.1", 1, "10.0.0.2", 3);
        byte[] onlySecond = Udp4("10.0.0.1", 1, "10.0.0.2", 4);
        Cpu.Run(0, () =>
        {
            table.Run(frame, repeat: 5);
            table.Run(onlyFirst);
        });
        Cpu.Run(1, () =>
        {
            table.Run(onlySecond);
            table.Run(frame, repeat: 7);
        });
        IReadOnlyList<FlowStat> flows = table.Flows();
        Assert.Equal(3, flows.Count);
        FlowStat merged = flows.Single(flow => flow.DestinationPort == 2);
        Assert.Equal((12ul, 12 * (ulong)frame.Length), (merged.Packets, merged.Bytes));
        Assert.True(merged.LastSeen >= merged.FirstSeen);
    }

    [Fact]
    public void More_flows_than_slots_lose_no_count()
    {
        using TestTable table = new(maxFlow: 64);
        ulong bytes = 0;
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < 3000; i++)
            {
                byte[] frame = Udp4("10.0.0.1", i % 1000, "10.0.0.2", 2, i % 97);
                table.Run(frame);
                bytes += (ulong)frame.Length;
            }
        });
        FlowSnapshot snapshot = table.Snapshot();
        Assert.Equal((3000ul, bytes), (table.Totals.Packets, table.Totals.Bytes));
        Assert.InRange(snapshot.Count, 1, 64);
        Assert.True(table.Totals.EvictedPackets >= 1000 - 64);
    }

    [Theory]
    [InlineData("addresses")]
    [InlineData("sources")]
    [InlineData("ports")]
    [InlineData("IPv6 hosts")]
    public void The_hash_spreads_what_networks_send(string pattern)
    {
        const int Flows = 65_536;
        using TestTable table = new(maxFlow: Flows);
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < Flows; i++)
            {
                (int high, int low) = Math.DivRem(i, 256);
                table.Run(pattern switch
                {
                    "addresses" => Udp4($"10.0.0.{high}", 4000, $"10.0.1.{low}", 443),
                    "sources" => Tcp4($"10.1.{high}.{low}", 4000, "10.0.1.1", 443),
                    "ports" => Tcp4("10.0.0.1", i, "10.0.0.2", 443),
                    _ => Udp6($"2001:db8::{i:x}", 4000, "2001:db8::1", 443),
                });
            }
        });
        FlowSnapshot snapshot = table.Snapshot();
        Assert.Equal((ulong)Flows, table.Totals.Packets);
        // Buckets of 16, half full on average: of a random function's Poisson distribution 0.08 % stand beyond the sixteenth place.
        Assert.InRange(table.Totals.EvictedPackets, 0ul, Flows / 500ul);
        Assert.Equal((ulong)snapshot.Count + table.Totals.EvictedPackets, table.Totals.Packets);
    }

    [Fact]
    public void Far_below_capacity_every_flow_stays()
    {
        using TestTable table = new();
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                table.Run(Udp4("10.0.0.1", i, "10.0.0.2", 53));
            }
        });
        FlowSnapshot snapshot = table.Snapshot();
        Assert.Equal((1000, 0ul), (snapshot.Count, table.Totals.EvictedPackets));
    }

    [Fact]
    public void The_least_recently_seen_flow_makes_room()
    {
        using TestTable table = new(maxFlow: 8);
        Cpu.Run(0, () =>
        {
            // Longer than a jiffy apart, at any HZ.
            foreach (int port in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 1, 9])
            {
                table.Run(Udp4("10.0.0.1", 1000, "10.0.0.2", port));
                Thread.Sleep(25);
            }
        });
        Assert.Equal([1, 3, 4, 5, 6, 7, 8, 9], table.Flows().Select(flow => (int)flow.DestinationPort!).Order());
        Assert.Equal(1ul, table.Totals.EvictedPackets);
    }

    [Fact]
    public void A_snapshot_can_be_taken_again()
    {
        using TestTable table = new(maxFlow: 131_072);
        FlowSnapshot snapshot = new();
        for (int round = 1; round <= 3; round++)
        {
            for (int port = 0; port < 2000; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", round));
            }
            table.Monitor.Read(snapshot);
            Conservation.Assert(table.Monitor, snapshot.Rows);
            Assert.Equal(2000 * round, snapshot.Count);
        }
        using TestTable small = new(maxFlow: 8);
        small.Monitor.Read(snapshot);
        Assert.Equal((0, 1), (snapshot.Count, snapshot.Buckets));
    }
}
