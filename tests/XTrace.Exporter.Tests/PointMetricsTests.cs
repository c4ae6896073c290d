using XTrace.Exporter.Metrics;
using XTrace.Flows;

namespace XTrace.Exporter.Tests;

/// <summary>Flows get and lose their names, and no frame is lost or counted twice over it.</summary>
public sealed class PointMetricsTests
{
    private const int Top = 5;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private readonly PointMetrics _metrics = new("eth0", FlowDirection.Ingress, Top);
    private readonly WatchedPoint _point = new(1, "eth0", 2, FlowDirection.Ingress, MonitorHook.Tcx, isOwn: true);
    private FrameCount _sum;
    private long _sample;

    [Fact]
    public void Every_sample_adds_up_whatever_flows_come_and_go()
    {
        Random random = new(1);
        Dictionary<Named<FrameCount>, FrameCount> before = [];
        HashSet<Named<FrameCount>> ever = [];
        for (int sample = 0; sample < 500; sample++)
        {
            Take([.. Enumerable.Range(0, 50).Select(_ => Row((uint)random.Next(200), (ulong)random.Next(5)))]);
            Assert.InRange(_metrics.Series.Named.Count, 0, Top);
            foreach (Named<FrameCount> flow in _metrics.Series.Named)
            {
                // A series begins with 0 and only grows.
                FrameCount last = before.GetValueOrDefault(flow);
                Assert.InRange(flow.Count.Packets, last.Packets, ulong.MaxValue);
                Assert.True(ever.Contains(flow) || flow.Count == default);
            }
            before = _metrics.Series.Named.ToDictionary(flow => flow, flow => flow.Count);
            ever.UnionWith(_metrics.Series.Named);
        }
        // 500 samples are 2,500 seconds: each place can change hands once a minute.
        Assert.InRange(ever.Count, Top + 1, Top * (1 + (2500 / 60)));
    }

    [Fact]
    public void A_flow_keeps_its_name_for_a_minute_and_then_gives_it_to_a_greater_one()
    {
        FlowRow[] old = [.. Enumerable.Range(0, Top).Select(i => Row((uint)i, 10))];
        Take(old);
        Take(old);
        Assert.All(_metrics.Series.Named, flow => Assert.Equal(10UL, flow.Count.Packets));
        FlowRow[] greater = [.. old, Row(99, 1000)];
        greater[0].NewPackets = greater[0].NewBytes = 0;
        for (int i = 0; i < 11; i++)
        {
            Take(greater);
        }
        Assert.DoesNotContain(_metrics.Series.Named, Has99);
        Assert.Equal(default, _metrics.Series.Retired);
        Take(greater);
        Take(greater);
        Assert.Equal(1000UL, Assert.Single(_metrics.Series.Named, Has99).Count.Packets);
        Assert.Equal(10UL, _metrics.Series.Retired.Packets);

        static bool Has99(Named<FrameCount> flow) => flow.Labels.Contains(new Label("src_port", "99"));
    }

    [Fact]
    public void Without_names_all_is_other()
    {
        PointMetrics metrics = new("eth0", FlowDirection.Ingress, top: 0);
        metrics.Take(_point, Rows([Row(1, 3)]), 1, default);
        metrics.Take(_point, Rows([Row(1, 4)]), 2, s_interval);
        Assert.Empty(metrics.Series.Named);
        Assert.Equal(7UL, metrics.Series.Other.Packets);
    }

    private void Take(FlowRow[] rows)
    {
        _sum = rows.Aggregate(_sum, (sum, row) => sum + row.Gain);
        _metrics.Take(_point, Rows(rows), ++_sample, _sample * s_interval);
        FrameCount named = _metrics.Series.Named.Aggregate(default(FrameCount), (sum, flow) => sum + flow.Count);
        Assert.Equal(_sum, named + _metrics.Series.Other + _metrics.Series.Retired);
        Assert.Equal(rows.Length, _metrics.Flows);
    }

    private static FlowRows Rows(FlowRow[] rows)
    {
        FlowSnapshot snapshot = new();
        snapshot.Reset(buckets: 1, rows.Length, hasDetails: false);
        rows.CopyTo(snapshot.Free);
        snapshot.EndBucket(0, rows.Length);
        return new FlowRows(new IFlowRows[] { snapshot }, Enumerable.Range(0, rows.Length).ToArray());
    }

    private static FlowRow Row(uint port, ulong packets) => new()
    {
        Key = new FlowKey { Kind = FlowAbi.IPv4 | FlowAbi.Ports, Protocol = 17, Ports = (port & 0xff) << 8 | port >> 8 },
        NewPackets = packets,
        NewBytes = packets * 100,
    };
}
