using XTrace.Exporter.Metrics;

namespace XTrace.Exporter.Tests;

/// <summary>Queue pairs get and lose their names, and what they sent is in the sum all the same.</summary>
public sealed class QueuePairMetricsTests
{
    private const int Top = 3;

    private readonly QueuePairMetrics _metrics = new(Top);
    private TimeSpan _now;

    [Fact]
    public void Sums_are_exact_and_series_few_whatever_queue_pairs_come_and_go()
    {
        Random random = new(1);
        Dictionary<int, ulong> counts = [];
        ulong sent = 0;
        HashSet<string> series = [];
        for (int sample = 0; sample < 300; sample++)
        {
            if (random.Next(3) == 0)
            {
                // Its number may be given again, to one that begins with 0.
                counts.Remove(random.Next(20));
            }
            foreach (int number in Enumerable.Range(0, 20).Where(_ => random.Next(2) == 0))
            {
                ulong gain = counts.ContainsKey(number) ? (ulong)random.Next(1000) : 0;
                counts[number] = counts.GetValueOrDefault(number) + gain;
                sent += gain;
            }
            MetricFamily[] families = Take([.. counts.Select(entry => QueuePair(entry.Key, entry.Value))]);
            MetricFamily family = Find(families, "xtrace_rdma_queue_pair_sent_packets_total");
            double retired = Find(families, "xtrace_rdma_queue_pair_retired_sent_packets_total").Series.Sum(entry => entry.Value);
            Assert.Equal(sent, family.Series.Sum(entry => entry.Value) + retired);
            Assert.InRange(family.Series.Count, 1, Top + 1);
            series.UnionWith(family.Series.Select(entry => string.Join(',', entry.Labels)));
        }
        // 300 samples are 1,500 seconds: each place can change hands once a minute.
        Assert.InRange(series.Count, Top + 2, 1 + (Top * (1 + (1500 / 60))));
    }

    [Fact]
    public void The_greatest_have_their_names_and_what_is_not_known_is_left_out()
    {
        RdmaQueuePair[] before = [QueuePair(17, 100), QueuePair(18, 0), QueuePair(19, 0), QueuePair(20, 0), new() { Device = "mlx5_0" }];
        Take(before);
        RdmaQueuePair[] after = [QueuePair(17, 500), QueuePair(18, 30), QueuePair(19, 20), QueuePair(20, 10), new() { Device = "mlx5_0" }];
        MetricFamily[] families = Take(after);
        families = Take([QueuePair(17, 600), QueuePair(18, 31), QueuePair(19, 21), QueuePair(20, 11), new() { Device = "mlx5_0" }]);
        MetricFamily sent = Find(families, "xtrace_rdma_queue_pair_sent_packets_total");
        Assert.Equal(
            [
                "device=mlx5_0,port=1,queue_pair=17,type=RC,remote_address=10.0.0.2,remote_queue_pair=18,owner=ib_write_bw 500",
                "device=mlx5_0,port=1,queue_pair=18,type=RC,remote_address=10.0.0.2,remote_queue_pair=19,owner=ib_write_bw 1",
                "device=mlx5_0,port=1,queue_pair=19,type=RC,remote_address=10.0.0.2,remote_queue_pair=20,owner=ib_write_bw 1",
                "device=mlx5_0,port=1,queue_pair=other 161",
            ],
            sent.Series.Select(entry => $"{Show(entry.Labels)} {entry.Value}").Order());
        Assert.Equal(
            ["device=mlx5_0 1", "device=mlx5_0,port=1,type=RC,state=RTS 4"],
            Find(families, "xtrace_rdma_queue_pairs").Series.Select(entry => $"{Show(entry.Labels)} {entry.Value}").Order());
    }

    private static string Show(Label[] labels) => string.Join(',', labels.Select(label => $"{label.Name}={label.Value}"));

    private MetricFamily[] Take(RdmaQueuePair[] sample)
    {
        _now += TimeSpan.FromSeconds(5);
        return [.. _metrics.Take(sample, _now)];
    }

    private static MetricFamily Find(MetricFamily[] families, string name) => families.Single(family => family.Name == name);

    private static RdmaQueuePair QueuePair(int number, ulong sent) => new()
    {
        Device = "mlx5_0",
        Port = 1,
        QueuePair = number,
        Type = RdmaQueuePairType.RC,
        State = RdmaQueuePairState.RTS,
        RemoteAddress = "10.0.0.2",
        RemoteQueuePair = number + 1,
        Owner = "ib_write_bw",
        SentPackets = sent,
        ReceivedPackets = 0,
    };
}
