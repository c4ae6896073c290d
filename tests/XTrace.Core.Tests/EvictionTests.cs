using XTrace.Bench;
using XTrace.Bpf;
using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>More flows than slots: who makes room, where its counts go, and what the index looks like afterwards.</summary>
[Trait("Category", "Privileged")]
public sealed class EvictionTests
{
    private const int Slots = 64;
    private const int LongTime = 1_000_000; // jiffies
    private const int RingRecords = 13_107; // of 80 bytes, in 1 MiB

    [Fact]
    public void After_thousands_of_evictions_the_index_is_whole_and_every_flow_is_found()
    {
        using TestTable table = new(maxFlow: Slots);
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < 5000; i++)
            {
                table.Run(Udp4("10.0.0.1", i * 7 % 1700, "10.0.0.2", 2, i % 50));
            }
            Assert.Equal(Slots, TableIndex.AssertWhole(table.Monitor));
            Dictionary<ushort, ulong> before = PacketsByPort(table.Snapshot());
            Assert.Equal(Slots, before.Count);
            ulong evicted = table.Totals.EvictedPackets;
            foreach (ushort port in before.Keys)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
            // A flow that is not found would have made another one go.
            Assert.Equal(evicted, table.Totals.EvictedPackets);
            Assert.Equal(before.ToDictionary(flow => flow.Key, flow => flow.Value + 1), PacketsByPort(table.Snapshot()));
            Assert.Equal(Slots, TableIndex.AssertWhole(table.Monitor));
        });
    }

    /// <summary>
    /// In each eight slots that are looked at, one flow is older than the others. A full bucket, which one table of thirty has,
    /// makes another choice: of five tables with hashes of their own, one has none.
    /// </summary>
    [Fact]
    public void The_oldest_flows_go_first()
    {
        int[] expected = [.. Enumerable.Range(1, Slots).Where(port => port % 8 != 0), .. Enumerable.Range(1001, 8)];
        Assert.Contains(Enumerable.Range(0, 5).Select(_ => PortsThatStay()), stay => stay.SequenceEqual(expected));
    }

    private static int[] PortsThatStay()
    {
        using TestTable table = new(maxFlow: Slots);
        Cpu.Run(0, () =>
        {
            for (int port = 1; port <= Slots; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
            Thread.Sleep(25);
            // Seen again are all but every eighth.
            foreach (int port in Enumerable.Range(1, Slots).Where(port => port % 8 != 0))
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
            Thread.Sleep(25);
            for (int port = 1001; port <= 1008; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
        });
        return [.. PacketsByPort(table.Snapshot()).Keys.Select(port => (int)port).Order()];
    }

    [Fact]
    public void With_a_reader_each_flow_that_makes_room_arrives_once()
    {
        const int Flows = 20_000;
        using TestTable table = new(maxFlow: Slots);
        using EndsReader reader = new(table.Monitor);
        reader.Announce(LongTime);
        Cpu.Run(0, () =>
        {
            for (int i = 0; i < Flows; i++)
            {
                table.Run(Udp4("10.0.0.1", i, "10.0.0.2", 2, i % 100), repeat: 1 + (i % 2));
                if (i % 1000 == 0)
                {
                    reader.Read();
                }
            }
        });
        reader.Read();
        FlowTotals totals = table.Totals;
        Assert.Equal((0ul, reader.Packets, reader.Bytes), (totals.EvictedPackets, totals.ReportedPackets, totals.ReportedBytes));
        HashSet<ushort> held = [.. PacketsByPort(table.Snapshot()).Keys];
        ushort[] ended = [.. reader.Ends.Select(end => FlowFields.SourcePortOf(end.Flow.Key))];
        Assert.Equal(Flows - Slots, ended.Length);
        Assert.Equal(Enumerable.Range(0, Flows), ended.Concat(held).Select(port => (int)port).Order());
        Assert.All(reader.Ends, end => Assert.Equal(1ul + (FlowFields.SourcePortOf(end.Flow.Key) % 2u), end.Flow.Packets));
        Assert.All(reader.Ends, end => Assert.Equal(table.Ingress, end.Flow.Point));
        Assert.All(reader.Ends, end => Assert.InRange((int)(end.Flow.LastSeen - end.Details.FirstSeen), 0, LongTime));
    }

    [Fact]
    public void Without_a_reader_what_makes_room_is_evicted()
    {
        using TestTable table = new(maxFlow: Slots);
        using EndsReader reader = new(table.Monitor);
        RunFlows(table, 0, 1000);
        reader.Read();
        Assert.Empty(reader.Ends);
        Assert.Equal((1000ul - Slots, 0ul), (table.Totals.EvictedPackets, table.Totals.ReportedPackets));
        table.Snapshot();
    }

    /// <summary>One that died, or stands still, has promised to be there until a moment that passes.</summary>
    [Fact]
    public void A_reader_that_does_not_come_back_is_none()
    {
        using TestTable table = new(maxFlow: Slots);
        using EndsReader reader = new(table.Monitor);
        reader.Announce(jiffies: LongTime);
        RunFlows(table, 0, 1000);
        Assert.Equal((0ul, 1000ul - Slots), (table.Totals.EvictedPackets, table.Totals.ReportedPackets));
        reader.Announce(jiffies: 0);
        RunFlows(table, 1000, 2000);
        reader.Read();
        Assert.Equal((1000ul, 1000ul - Slots), (table.Totals.EvictedPackets, table.Totals.ReportedPackets));
        Assert.Equal(table.Totals.ReportedPackets, reader.Packets);
        table.Snapshot();
    }

    /// <summary>One that is there and reads nothing: the ring buffer holds what fits, and the rest is counted.</summary>
    [Fact]
    public void What_finds_the_ring_buffer_full_is_evicted()
    {
        const int Flows = 20_000;
        using TestTable table = new(maxFlow: Slots);
        using EndsReader reader = new(table.Monitor);
        reader.Announce(LongTime);
        RunFlows(table, 0, Flows);
        reader.Read();
        Assert.InRange(reader.Ends.Count, RingRecords - 1, RingRecords);
        FlowTotals totals = table.Totals;
        Assert.Equal((reader.Packets, reader.Bytes), (totals.ReportedPackets, totals.ReportedBytes));
        Assert.Equal((ulong)(Flows - Slots) - totals.ReportedPackets, totals.EvictedPackets);
        table.Snapshot();
    }

    /// <summary>The driver of the benches makes a million flows, each of one packet, on two CPUs in turn.</summary>
    [Theory]
    [InlineData("keeps up")]
    [InlineData("races")]
    [InlineData("sleeps")]
    [InlineData("is not there")]
    public void A_million_flows_through_a_small_table_lose_no_count(string reader)
    {
        const int Flows = 1_000_000;
        const int Batch = 10_000; // less than the ring buffer holds
        using TestTable table = new(maxFlow: 65_536);
        using EndsReader ends = new(table.Monitor);
        if (reader != "is not there")
        {
            ends.Announce(LongTime);
        }
        using CancellationTokenSource stop = new();
        Thread racer = new(() =>
        {
            while (reader == "races" && !stop.IsCancellationRequested)
            {
                ends.Poll(TimeSpan.FromMilliseconds(5));
            }
        });
        racer.Start();
        Drive(table, Flows, Batch, afterBatch: reader == "keeps up" ? ends.Read : () => { });
        stop.Cancel();
        racer.Join();
        ends.Read();
        FlowTotals totals = table.Totals;
        FlowSnapshot snapshot = table.Snapshot();
        Assert.Equal((ulong)Flows, totals.Packets);
        Assert.Equal((totals.ReportedPackets, totals.ReportedBytes), (ends.Packets, ends.Bytes));
        HashSet<FlowKey> keys = [.. ends.Ends.Select(end => end.Flow.Key)];
        Assert.Equal(ends.Ends.Count, keys.Count);
        keys.UnionWith(snapshot.Rows.ToArray().Select(row => row.Key));
        Assert.Equal(ends.Ends.Count + snapshot.Count, keys.Count);
        Assert.Equal((ulong)Flows - totals.EvictedPackets, (ulong)keys.Count);
        Assert.Equal(snapshot.Count, TableIndex.AssertWhole(table.Monitor));
        (int fewest, int most) = reader switch
        {
            "keeps up" => (Flows - snapshot.Count, Flows - snapshot.Count),
            "races" => (RingRecords, Flows),
            "sleeps" => (RingRecords - 1, RingRecords),
            _ => (0, 0),
        };
        Assert.InRange(ends.Ends.Count, fewest, most);
    }

    private static void Drive(TestTable table, int flows, int batch, Action afterBatch)
    {
        using Driver driver = new(1 << 20);
        for (int sent = 0; sent < flows; sent += batch)
        {
            int cpu = sent / batch % 2;
            Cpu.Run(cpu, () => driver.Run(table.Xdp, batch));
            afterBatch();
        }
    }

    private static void RunFlows(TestTable table, int from, int to) => Cpu.Run(0, () =>
    {
        for (int i = from; i < to; i++)
        {
            table.Run(Udp4("10.0.0.1", i, "10.0.0.2", 2));
        }
    });

    private static Dictionary<ushort, ulong> PacketsByPort(FlowSnapshot snapshot) =>
        snapshot.Rows.ToArray().ToDictionary(row => FlowFields.SourcePortOf(row.Key), row => row.Packets);
}
