namespace XTrace.Cli.Tests;

/// <summary>A connection as mode rdma prints it. Real ones are in the virtual machine's tests.</summary>
public sealed class ConnectionLineTests
{
    private const string Roce = "192.0.2.1:17 -> 192.0.2.2:18 proto=rc packets=1000 received=20 bytes=65536000 process=ib_write_bw(4711)";

    [Fact]
    public void On_RoCE_the_ends_are_addresses_and_queue_pairs() => Assert.Equal(Roce, ConnectionLine.Format(Connection()));

    [Fact]
    public void On_InfiniBand_the_ends_are_queue_pairs_and_local_identifiers() => Assert.Equal(
        "194:3 -> 193:5 proto=uc packets=1 received=- bytes=- process=nvme_rdma",
        ConnectionLine.Format(new RdmaQueuePair
        {
            QueuePair = 194,
            RemoteQueuePair = 193,
            LocalLid = 3,
            RemoteLid = 5,
            LocalAddress = "fe80::1",
            Type = RdmaQueuePairType.UC,
            State = RdmaQueuePairState.RTS,
            SentPackets = 1,
            Owner = "nvme_rdma",
        }));

    [Fact]
    public void What_is_not_known_is_a_dash_and_never_0() => Assert.Equal(
        "-:17 -> -:18 proto=rc packets=- received=- bytes=-",
        ConnectionLine.Format(new RdmaQueuePair
        {
            QueuePair = 17,
            RemoteQueuePair = 18,
            Type = RdmaQueuePairType.RC,
            State = RdmaQueuePairState.RTS,
        }));

    [Fact]
    public void An_error_and_an_ambiguous_number_are_said() => Assert.Equal(
        $"{Roce} state=Error ambiguous", ConnectionLine.Format(Connection(RdmaQueuePairState.Error, isAmbiguous: true)));

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(0.0, 0.0, false)]
    [InlineData(0.5, 0.0, true)]
    [InlineData(0.0, 2.0, true)]
    public void It_has_moved_where_either_direction_has(double? sent, double? received, bool moved) => Assert.Equal(
        moved, ConnectionLine.HasMoved(new RdmaQueuePair { SentPacketsPerSecond = sent, ReceivedPacketsPerSecond = received }));

    private static RdmaQueuePair Connection(RdmaQueuePairState state = RdmaQueuePairState.RTS, bool isAmbiguous = false) => new()
    {
        Device = "mlx5_0",
        Port = 1,
        QueuePair = 17,
        Type = RdmaQueuePairType.RC,
        State = state,
        RemoteQueuePair = 18,
        LocalAddress = "192.0.2.1",
        RemoteAddress = "192.0.2.2",
        SentPackets = 1000,
        ReceivedPackets = 20,
        EstimatedSentBytes = 65_536_000,
        IsAmbiguous = isAmbiguous,
        ProcessId = 4711,
        ProcessName = "ib_write_bw",
        Owner = "ib_write_bw",
    };
}
