using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>Packets by their sequence numbers.</summary>
public sealed class SequenceCounterTests
{
    private const uint Range = 1 << 24;

    [Theory]
    [InlineData("forward", 100u, new uint[] { 100, 150, 151 }, 51)]
    [InlineData("across the end", 0xfffff0u, new uint[] { 0xffffff, 0, 5 }, 21)]
    [InlineData("from the last to the first", 0xffffffu, new uint[] { 0 }, 1)]
    [InlineData("set back, and sent again as far as before", 100u, new uint[] { 150, 120, 150 }, 50)]
    [InlineData("set back, and further", 100u, new uint[] { 150, 120, 140, 160 }, 60)]
    [InlineData("set back to the start", 100u, new uint[] { 150, 100, 150, 151 }, 51)]
    [InlineData("set back across the end", 0xfffff0u, new uint[] { 10, 0xfffff8, 10, 12 }, 28)]
    [InlineData("set back before the first sample's number", 100u, new uint[] { 90, 100, 101 }, 1)]
    [InlineData("set back twice", 0u, new uint[] { 10, 5, 8, 2, 12 }, 12)]
    [InlineData("one less than half of all", 5u, new uint[] { 5 + (1 << 23) - 1 }, (1 << 23) - 1)]
    [InlineData("half of all is back", 5u, new uint[] { 5 + (1 << 23) }, 0)]
    [InlineData("not at all", 5u, new uint[] { 5, 5, 5 }, 0)]
    public void Only_what_exceeds_the_highest_number_so_far_counts(string name, uint first, uint[] numbers, long packets)
    {
        SequenceCounter counter = new(first);
        foreach (uint number in numbers)
        {
            counter.Advance(number, possible: 1000);
        }
        Assert.Equal((name, (ulong)packets, false), (name, counter.Packets, counter.IsAmbiguous));
    }

    [Fact]
    public void Several_wraps_add_up()
    {
        SequenceCounter counter = new(77);
        const uint Step = 5_000_000;
        for (uint i = 1; i <= 20; i++)
        {
            counter.Advance(77 + (i * Step), Step);
        }
        Assert.Equal(20UL * Step, counter.Packets);
        Assert.True(counter.Packets > 5 * Range);
        Assert.False(counter.IsAmbiguous);
    }

    /// <summary>A sender that goes on, and loses packets again and again, at every place of the range.</summary>
    [Fact]
    public void It_equals_the_distinct_numbers_of_a_sender_that_retransmits()
    {
        Random random = new(4711);
        for (int run = 0; run < 200; run++)
        {
            ulong start = (ulong)random.Next((int)Range), next = start, highest = start;
            SequenceCounter counter = new((uint)start);
            for (int look = 0; look < 500; look++)
            {
                next = random.Next(4) == 0
                    ? next - (ulong)random.NextInt64((long)Math.Min(next - start, 20_000) + 1)
                    : next + (ulong)random.Next(100_000);
                highest = Math.Max(highest, next);
                counter.Advance((uint)(next % Range), possible: 100_000);
            }
            Assert.Equal(highest - start, counter.Packets);
        }
    }

    [Fact]
    public void It_is_ambiguous_where_half_of_all_numbers_can_have_passed_and_stays_so()
    {
        SequenceCounter counter = new(10);
        counter.Advance(20, SequenceCounter.Half - 1);
        Assert.False(counter.IsAmbiguous);
        counter.Advance(30, SequenceCounter.Half);
        Assert.True(counter.IsAmbiguous);
        counter.Advance(40, 1);
        Assert.True(counter.IsAmbiguous);
        Assert.Equal(30UL, counter.Packets);
    }

    /// <summary>After a long pause nothing is known of the way back: counting goes on from where the number is.</summary>
    [Fact]
    public void After_an_ambiguous_pause_it_counts_on_from_the_number_found()
    {
        SequenceCounter counter = new(10);
        counter.Advance(10 + SequenceCounter.Half + 5, double.PositiveInfinity);
        Assert.Equal((0UL, true), (counter.Packets, counter.IsAmbiguous));
        counter.Advance(10 + SequenceCounter.Half + 8, 100);
        Assert.Equal(3UL, counter.Packets);
    }

    [Fact]
    public void More_than_24_bits_are_not_looked_at()
    {
        SequenceCounter counter = new(0xab00_0001);
        counter.Advance(0xcd00_0003, 10);
        Assert.Equal(2UL, counter.Packets);
    }
}
