using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Observation points of one table: their flows and totals are their own.</summary>
[Trait("Category", "Privileged")]
public sealed class PointTests
{
    private static readonly byte[] s_frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);

    [Fact]
    public void The_same_five_tuple_in_both_directions_is_two_flows()
    {
        using TestTable table = new();
        table.RunTc(s_frame, repeat: 3);
        table.RunTc(s_frame, repeat: 5, direction: FlowDirection.Egress);
        table.Run(s_frame);
        Assert.Equal(
            [(FlowDirection.Ingress, 4ul, 4 * (ulong)s_frame.Length), (FlowDirection.Egress, 5ul, 5 * (ulong)s_frame.Length)],
            table.Flows().Select(flow => (flow.Direction, flow.Packets, flow.Bytes)).Order());
        Assert.Equal((4ul, 5ul), (table.Totals.Packets, table.EgressTotals.Packets));
    }

    [Fact]
    public void A_point_that_begins_anew_counts_from_zero_and_its_old_flows_are_no_ones()
    {
        using TestTable table = new(maxFlow: 8);
        Cpu.Run(0, () =>
        {
            for (int port = 1; port <= 8; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
            uint old = table.Ingress;
            table.RemoveIngress();
            Assert.Empty(table.Flows());
            table.RestartIngress();
            Assert.NotEqual(old, table.Ingress);
            Assert.Equal(default, table.Totals);
            Assert.Empty(table.Flows());

            // The old ones make room, as they are older by more than a jiffy, and are in nobody's totals.
            Thread.Sleep(25);
            for (int port = 1; port <= 8; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
        });
        Assert.Equal(8, table.Flows().Count);
        Assert.All(table.Flows(), flow => Assert.Equal(1ul, flow.Packets));
        Assert.Equal((8ul, 0ul, 0ul), (table.Totals.Packets, table.Totals.EvictedPackets, table.Totals.ReportedPackets));
        Assert.Equal(8, TableIndex.AssertWhole(table.Monitor));
    }

    [Fact]
    public void Nothing_of_a_point_that_is_gone_is_reported()
    {
        using TestTable table = new(maxFlow: 8);
        using EndsReader reader = new(table.Monitor);
        reader.Announce(jiffies: 1_000_000);
        Cpu.Run(0, () =>
        {
            for (int port = 1; port <= 8; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
            table.RemoveIngress();
            table.RestartIngress();
            Thread.Sleep(25);
            for (int port = 11; port <= 18; port++)
            {
                table.Run(Udp4("10.0.0.1", port, "10.0.0.2", 2));
            }
        });
        reader.Read();
        Assert.Empty(reader.Ends);
        table.Snapshot();
    }

    [Fact]
    public void Frames_of_an_interface_that_is_no_point_are_counted_as_such()
    {
        using TestTable table = new();
        table.RemoveIngress();
        table.Run(s_frame, repeat: 3);
        table.RunTc(s_frame, repeat: 2);
        table.RunTc(s_frame, direction: FlowDirection.Egress);
        FlowTotals strays = table.Monitor.Points.Strays;
        Assert.Equal((5ul, 5 * (ulong)s_frame.Length), (strays.Packets, strays.Bytes));
        Assert.Equal(FlowDirection.Egress, Assert.Single(table.Flows()).Direction);
    }

    /// <summary>
    /// A key has eight places, one behind the other. When all are taken there is no room, and removing a point makes some.
    /// </summary>
    [Fact]
    public void A_point_finds_another_place_where_its_own_is_taken()
    {
        using TestTable table = new();
        PointTable points = table.Monitor.Points;
        int step = (int)table.Monitor.Meta.Points / 2;
        int IndexOf(int nth) => 1 + (step * (nth + 1));
        // Interfaces whose keys fall on the same place as another's: lo itself has one already.
        List<uint> added = [];
        while (points.Add(IndexOf(added.Count), FlowDirection.Ingress, FlowAbi.LinkEthernet, $"x{added.Count}") is { } id)
        {
            added.Add(id);
        }
        // Two of the eight are those of lo.
        Assert.Equal(FlowAbi.PointProbes - 2, added.Count);
        Assert.Equal(added.Count, added.Distinct().Count());
        Assert.All(Enumerable.Range(0, added.Count), i => Assert.Equal(added[i], points.Find(IndexOf(i), FlowDirection.Ingress)!.Value.Id));
        table.Run(s_frame);
        Assert.Equal(1ul, table.Totals.Packets);

        points.Remove(added[2]);
        Assert.Null(points.Find(IndexOf(2), FlowDirection.Ingress));
        // Those behind the hole are found all the same.
        Assert.Equal(added[^1], points.Find(IndexOf(added.Count - 1), FlowDirection.Ingress)!.Value.Id);
        uint again = points.Add(IndexOf(2), FlowDirection.Ingress, FlowAbi.LinkEthernet, "again")!.Value;
        Assert.NotEqual(added[2], again);
        Assert.Null(points.Add(IndexOf(2), FlowDirection.Ingress, FlowAbi.LinkEthernet, "twice"));
    }
}
