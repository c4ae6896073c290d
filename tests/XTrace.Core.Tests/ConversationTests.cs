using XTrace.Flows;
using XTrace.Live;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>How flows become conversations, their order and their sums.</summary>
[Trait("Category", "Privileged")]
public sealed class ConversationTests(TableFixture fixture) : IClassFixture<TableFixture>
{
    private readonly TestTable _table = fixture.Begin();

    [Fact]
    public void Both_directions_are_one_conversation_with_the_end_of_this_machine_first()
    {
        _table.RunTc(Udp4("10.0.0.2", 2, "10.0.0.1", 1, 58), repeat: 3);
        _table.RunTc(Udp4("10.0.0.1", 1, "10.0.0.2", 2, 158), repeat: 2, direction: FlowDirection.Egress);
        Conversation row = Assert.Single(Take(seconds: 2, ConversationOrder.Rate).Top(0, 10, isReversed: false, new LiveFilter("")));
        Assert.Equal(("10.0.0.1:1", "10.0.0.2:2"), (row.Local, row.Remote));
        Assert.Equal((200, 150, 2.5, 700), (row.Sum.Sent.Rate, row.Sum.Received.Rate, row.Sum.PacketRate, row.Sum.Bytes));
    }

    /// <summary>As on loopback, where each frame leaves and arrives.</summary>
    [Theory]
    [InlineData("Rate")]
    [InlineData("Sent")]
    [InlineData("Received")]
    [InlineData("Mean")]
    [InlineData("Bytes")]
    [InlineData("PacketRate")]
    public void What_two_points_saw_counts_once_in_the_order_as_well(string order)
    {
        foreach (FlowDirection direction in new[] { FlowDirection.Egress, FlowDirection.Ingress })
        {
            _table.RunTc(Udp4("10.0.0.1", 1, "10.0.0.1", 10, 58), repeat: 3, direction: direction);
            _table.RunTc(Udp4("10.0.0.1", 10, "10.0.0.1", 1, 58), repeat: 3, direction: direction);
        }
        _table.RunTc(Udp4("10.0.0.1", 2, "10.0.0.2", 20, 58), repeat: 4, direction: FlowDirection.Egress);
        _table.RunTc(Udp4("10.0.0.2", 20, "10.0.0.1", 2, 58), repeat: 4);
        Conversations conversations = Take(seconds: 1, Enum.Parse<ConversationOrder>(order));
        IReadOnlyList<Conversation> rows = conversations.Top(0, 10, isReversed: false, new LiveFilter(""));
        Assert.Equal([800.0, 600.0], rows.Select(row => row.Sum.Bytes));
    }

    /// <summary>A flow that is new does not make an old conversation fast.</summary>
    [Fact]
    public void The_mean_is_over_the_time_since_the_first_frame()
    {
        _table.RunTc(Udp4("10.0.0.2", 2, "10.0.0.1", 1, 58));
        Thread.Sleep(1000);
        _table.RunTc(Udp4("10.0.0.1", 1, "10.0.0.2", 2, 58), repeat: 9, direction: FlowDirection.Egress);
        Conversation row = Assert.Single(Take(seconds: 1, ConversationOrder.Mean).Top(0, 10, isReversed: false, new LiveFilter("")));
        Assert.Equal(1000 / row.Sum.Age.TotalSeconds, row.Sum.Mean);
        Assert.InRange(row.Sum.Mean, 1, 1050);
    }

    [Theory]
    [InlineData(0, 3, false, "9 8 7")]
    [InlineData(4, 3, false, "5 4 3")]
    [InlineData(7, 5, false, "2 1")]
    [InlineData(9, 5, false, "")]
    [InlineData(2, 2, true, "3 4")]
    public void A_window_is_a_part_of_the_order(int offset, int n, bool isReversed, string ports)
    {
        for (int port = 1; port <= 9; port++)
        {
            _table.RunTc(Udp4("10.0.0.1", 1, "10.0.0.2", port, 58), repeat: port);
        }
        Conversations conversations = Take(seconds: 1, ConversationOrder.Rate);
        IReadOnlyList<Conversation> rows = conversations.Top(offset, n, isReversed, new LiveFilter(""));
        Assert.Equal(ports, string.Join(' ', rows.Select(row => row.First.DestinationPort)));
        Assert.Equal(9, conversations.Kept);
    }

    [Fact]
    public void A_filter_finds_what_the_columns_show()
    {
        _table.RunTc(Udp4("10.0.0.1", 1000, "10.0.0.2", 2000));
        _table.RunTc(Udp6("2001:db8::1", 1000, "2001:db8::2", 2000));
        _table.RunTc(RoceV2("10.0.0.3", 4000, "10.0.0.4", 0x12, 4));
        _table.RunTc(Arp("10.0.0.5", "10.0.0.6"));
        Conversations conversations = Take(seconds: 1, ConversationOrder.Rate);
        IReadOnlyList<Conversation> all = conversations.Top(0, 10, isReversed: false, new LiveFilter(""));
        Assert.Equal(4, all.Count);
        foreach (Conversation row in all)
        {
            string shown = $"{row.Local} {row.Remote} {row.Protocol} {row.First.InterfaceAlias}";
            Conversation found = Assert.Single(conversations.Top(0, 10, isReversed: false, new LiveFilter(shown)));
            Assert.Equal(row.Local, found.Local);
        }
        Assert.Equal(
            ["0x0806", "RoCEv2", "UDP", "UDP"], all.Select(row => row.Protocol).Order(StringComparer.Ordinal));
        Assert.Contains(all, row => row.Remote == "[2001:db8::1]:1000");
        Assert.Contains(all, row => row.Local == "10.0.0.4 qp 0x12");
    }

    private Conversations Take(double seconds, ConversationOrder order)
    {
        Conversations conversations = new();
        conversations.Take(_table.Take(seconds), order);
        return conversations;
    }
}
