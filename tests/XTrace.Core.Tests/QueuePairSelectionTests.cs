using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>Which queue pairs are wanted, and the greatest of each port.</summary>
public sealed class QueuePairSelectionTests
{
    private static readonly RdmaQueuePair[] s_sample =
    [
        QueuePair("mlx5_0", 1, 100, 0),
        QueuePair("mlx5_0", 2, 300, 5),
        QueuePair("mlx5_0", 3, null, null),
        QueuePair("mlx5_1", 4, 200, 500),
        QueuePair("mlx5_1", 5, 10, 0),
    ];

    [Fact]
    public void Without_a_number_all_come_as_they_are() =>
        Assert.Same(s_sample, QueuePairSelection.Top(s_sample, null, RdmaQueuePairOrder.SentPackets));

    [Theory]
    [InlineData(RdmaQueuePairOrder.PacketsPerSecond, "2 4")]
    [InlineData(RdmaQueuePairOrder.SentPacketsPerSecond, "2 4")]
    [InlineData(RdmaQueuePairOrder.ReceivedPacketsPerSecond, "2 4")]
    [InlineData(RdmaQueuePairOrder.SentPackets, "1 5")]
    [InlineData(RdmaQueuePairOrder.ReceivedPackets, "1 5")]
    [InlineData(RdmaQueuePairOrder.EstimatedBytesPerSecond, "1 5")]
    public void The_greatest_of_each_port_is_by_the_property(RdmaQueuePairOrder order, string expected) =>
        Assert.Equal(expected, string.Join(' ', QueuePairSelection.Top(s_sample, 1, order).Select(pair => pair.QueuePair)));

    [Fact]
    public void What_is_not_known_comes_last() => Assert.Equal(
        [2, 1, 3], QueuePairSelection.Top(s_sample[..3], 3, RdmaQueuePairOrder.PacketsPerSecond).Select(pair => pair.QueuePair));

    [Theory]
    [InlineData("all", true)]
    [InlineData("number", true)]
    [InlineData("another number", false)]
    [InlineData("process", true)]
    [InlineData("another process", false)]
    [InlineData("name", true)]
    [InlineData("another name", false)]
    [InlineData("type and state", true)]
    [InlineData("another state", false)]
    [InlineData("number and another type", false)]
    public void A_filter_wants_what_fits_all_of_it(string what, bool wanted)
    {
        QueuePairFilter filter = what switch
        {
            "number" => new() { Numbers = [16, 17] },
            "another number" => new() { Numbers = [16] },
            "process" => new() { ProcessIds = [4700] },
            "another process" => new() { ProcessIds = [4711] },
            "name" => new() { Owners = [new NamePattern("nc*")] },
            "another name" => new() { Owners = [new NamePattern("ib*")] },
            "type and state" => new() { Types = [RdmaQueuePairType.RC], States = [RdmaQueuePairState.RTS, RdmaQueuePairState.Error] },
            "another state" => new() { States = [RdmaQueuePairState.Error] },
            "number and another type" => new() { Numbers = [17], Types = [RdmaQueuePairType.UD] },
            _ => new(),
        };
        QueuePairEntry entry = new("mlx5_0", 1, 17, RdmaQueuePairType.RC, RdmaQueuePairState.RTS, 18, 1, 1, 4711, null, 5);
        Assert.Equal(wanted, filter.Wants(new TrackedQueuePair(entry, new ThreadOwner(4700, "nccl", 1), null, default)));
    }

    [Fact]
    public void A_part_of_the_kernel_is_found_by_its_name()
    {
        QueuePairEntry entry = new() { Device = "mlx5_0", Number = 1, KernelUser = "nvme_rdma" };
        TrackedQueuePair pair = new(entry, default, null, default);
        Assert.True(new QueuePairFilter { Owners = [new NamePattern("nvme*")] }.Wants(pair));
        Assert.False(new QueuePairFilter { ProcessIds = [1] }.Wants(pair));
    }

    private static RdmaQueuePair QueuePair(string device, int number, double? sent, double? received) => new()
    {
        Device = device,
        Port = 1,
        QueuePair = number,
        SentPacketsPerSecond = sent,
        ReceivedPacketsPerSecond = received,
        SentPackets = (ulong?)(1000 - sent),
        ReceivedPackets = (ulong?)(1000 - sent),
        EstimatedBytesPerSecond = 1000 - sent,
    };
}
