using System.Diagnostics;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Sessions;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>From samples to flow records: when they are due, when they begin, and that each gain is in one of them.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class FlowRecorderTests : IDisposable
{
    private static readonly byte[] s_frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);

    /// <summary>Reading such a table takes longer than the kernel takes to detach a program. In a small one flows make room.</summary>
    private const int Large = 1 << 20;
    private const int Small = 1024;

    private readonly VethPair _pair = new();
    private readonly List<FlowSession> _sessions = [];
    private readonly List<FlowRecord> _records = [];

    public void Dispose()
    {
        _sessions.ForEach(session => session.Dispose());
        _pair.Dispose();
    }

    [Fact]
    public void A_silent_flow_has_one_record_and_when_it_comes_back_another()
    {
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface] });
        FlowRecorder recorder = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1), Keep);
        _pair.Send(s_frame, 3);
        Assert.Empty(Process(session, recorder));
        Thread.Sleep(2100);
        FlowRecord record = Assert.Single(Process(session, recorder));
        Assert.Equal((3ul, 3ul * 142, FlowEndReason.IdleTimeout), (record.Gain.Packets, record.Gain.Bytes, record.EndReason));
        Assert.Empty(Process(session, recorder));
        Assert.Equal(0, recorder.OpenCount);

        _pair.Send(s_frame, 2);
        Assert.Empty(Process(session, recorder));
        Thread.Sleep(2100);
        FlowRecord again = Assert.Single(Process(session, recorder));
        Assert.Equal(2ul, again.Gain.Packets);
        // It does not begin with the flow's first frame ever.
        Assert.True((int)(again.FirstSeen - record.LastSeen) > 0);
        Assert.True((int)(again.LastSeen - again.FirstSeen) >= 0);
    }

    [Fact]
    public void A_flow_that_goes_on_has_records_without_gaps()
    {
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface] });
        FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(300), Keep);
        List<FlowRecord> records = [];
        Stopwatch time = Stopwatch.StartNew();
        for (int i = 0; i < 10; i++)
        {
            _pair.Send(s_frame, 5);
            Thread.Sleep(100);
            records.AddRange(Process(session, recorder));
        }
        records.AddRange(Process(session, recorder, isLast: true));
        Assert.InRange(records.Count, 2, 1 + (int)(time.ElapsedMilliseconds / 300));
        Assert.Equal(50ul, records.Aggregate(0ul, (sum, record) => sum + record.Gain.Packets));
        Assert.All(records.SkipLast(1), record => Assert.Equal(FlowEndReason.ActiveTimeout, record.EndReason));
        Assert.All(records.Zip(records.Skip(1)), pair => Assert.True((int)(pair.Second.FirstSeen - pair.First.LastSeen) >= 0));
        Assert.All(records, record => Assert.True((int)(record.LastSeen - record.FirstSeen) >= 0));
    }

    /// <summary>Flows make room all the time, while samples are taken: the sum of all records is what was sent, to the byte.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Every_frame_is_in_one_record_though_flows_make_room_while_the_table_is_read() =>
        Assert.InRange(Timing.SmallestError(0.1, RecordWhileFlowsMakeRoom), 0, 0.1);

    /// <returns>The share of frames that are in no record because the machine held up the reader.</returns>
    private double RecordWhileFlowsMakeRoom()
    {
        const int Flows = 20_000;
        const int Rounds = 8;
        (ulong earlierPackets, ulong earlierBytes) = _pair.ReadCounters("rx");
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface], MaxFlow = 8192 });
        FlowRecorder recorder = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), Keep);
        byte[][] frames = [.. Enumerable.Range(1, Flows).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2, port % 200))];
        FrameCount sum = default;
        Thread sender = new(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                _pair.Send(frames);
            }
        });
        sender.Start();
        while (!sender.Join(20))
        {
            sum = Process(session, recorder).Aggregate(sum, (sum, record) => sum + record.Gain);
        }
        WatchedPoint point = session.Points.Single();
        sum = Process(session, recorder, isLast: true).Aggregate(sum, (sum, record) => sum + record.Gain);
        (ulong packets, ulong bytes) = _pair.ReadCounters("rx");
        Assert.Equal((ulong)(Flows * Rounds), packets - earlierPackets);
        Assert.Equal(new FrameCount(packets - earlierPackets, bytes - earlierBytes), point.Seen);
        Assert.Equal(point.Seen, sum + point.Ignored + point.Missed);
        return (double)point.Missed.Packets / (Flows * Rounds);
    }

    /// <summary>
    /// A flow that makes room and is back within the jiffy of a snapshot cannot be told from one that went on: a longer frame then
    /// is a gain of bytes alone.
    /// </summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Bytes_are_exact_though_flows_come_back_at_once_with_longer_frames()
    {
        const int Flows = 10;
        const int Rounds = 40_000;
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface], MaxFlow = 8 });
        FlowRecorder recorder = new(TimeSpan.FromSeconds(1), active: TimeSpan.Zero, Keep);
        byte[][][] frames = [.. Enumerable.Range(0, 7).Select(round => Enumerable.Range(1, Flows)
            .Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2, 20 + (35 * round))).ToArray())];
        FrameCount sum = default;
        Thread sender = new(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                _pair.Send(frames[round % frames.Length]);
            }
        });
        sender.Start();
        while (!sender.Join(0))
        {
            sum = Process(session, recorder).Aggregate(sum, (sum, record) => sum + record.Gain);
        }
        sum = Process(session, recorder, isLast: true).Aggregate(sum, (sum, record) => sum + record.Gain);
        WatchedPoint point = session.Points.Single();
        Assert.Equal(point.Seen, sum + point.Ignored + point.Missed);
    }

    /// <summary>What nobody read the ends of is missed, but for what an earlier sample had of it.</summary>
    [Fact]
    public void What_makes_room_unread_is_missed_without_what_a_record_has_of_it()
    {
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface], MaxFlow = 8, ReadEnds = false });
        FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Keep);
        FrameCount sum = default;
        for (int round = 0; round < 5; round++)
        {
            _pair.Send(Enumerable.Range(1 + (round * 5), 30).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2, port)));
            sum = Process(session, recorder, isLast: round == 4).Aggregate(sum, (sum, record) => sum + record.Gain);
        }
        WatchedPoint point = session.Points.Single();
        Assert.Equal(150ul, point.Seen.Packets);
        Assert.Equal(point.Seen, sum + point.Missed);
        Assert.InRange(point.Missed.Packets, 1ul, 149ul);
    }

    [Fact]
    public void An_interface_that_goes_ends_its_flows()
    {
        using ExtraVeth veth = new(_pair, "xa1");
        FlowSession session = Open(new FlowSessionOptions { Interfaces = ["xa*"] });
        FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Keep);
        veth.Send(s_frame, 4);
        Assert.Empty(Process(session, recorder));
        veth.Delete();
        FlowRecord record = Assert.Single(Process(session, recorder));
        Assert.Equal((4ul, FlowEndReason.ForcedEnd), (record.Gain.Packets, record.EndReason));
    }

    /// <summary>The monitor's own record of the point is gone by then.</summary>
    [Fact]
    public void A_monitor_that_is_stopped_ends_its_flows()
    {
        _pair.Run(() => Store.Start(_pair.Interface, FlowDirection.Ingress, new MonitorOptions()));
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [$"{_pair.Interface}*"] });
        FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Keep);
        WatchedPoint point = session.Points.Single();
        _pair.Send(s_frame, 4);
        Assert.Empty(Process(session, recorder));
        _pair.Send(s_frame, 3);
        _pair.Run(() => Store.Stop(Store.Find(_pair.Interface)!));
        FlowRecord record = Assert.Single(Process(session, recorder));
        Assert.Equal((7ul, FlowEndReason.ForcedEnd), (record.Gain.Packets, record.EndReason));
        Assert.Equal(point.Seen, record.Gain);
    }

    /// <summary>What it counts until its very end is in the records of its last sample.</summary>
    [Theory]
    [InlineData(false, Large)]
    [InlineData(true, Large)]
    [InlineData(false, Small)]
    [InlineData(true, Small)]
    [Trait("Category", "Slow")]
    public void A_point_that_ends_while_frames_arrive_has_all_of_them_in_records(bool isPinned, int maxFlow)
    {
        for (int round = 0; round < 5; round++)
        {
            using ExtraVeth veth = new(_pair, $"xa{round}");
            using ExtraVeth other = new(_pair, $"xb{round}");
            foreach (string name in (string[])(isPinned ? [veth.Name, other.Name] : []))
            {
                _pair.Run(() => Store.Start(name, FlowDirection.Ingress, new MonitorOptions { MaxFlow = maxFlow }));
            }
            FlowSession session = Open(new FlowSessionOptions { Interfaces = [$"{veth.Name}*", $"{other.Name}*"], MaxFlow = maxFlow });
            FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Keep);
            WatchedPoint point = session.Points.Single(point => point.InterfaceName == veth.Name);
            using CancellationTokenSource end = new();
            Thread sender = new(() => SendUntil(veth, end.Token));
            sender.Start();
            Thread crowd = new(() => SendUntil(other, end.Token));
            crowd.Start();
            Thread ender = new(() => End(veth, isPinned));
            ender.Start();
            FrameCount sum = default;
            while (!point.IsOver)
            {
                sum = Process(session, recorder).Where(record => record.Point == point).Aggregate(sum, (sum, record) => sum + record.Gain);
            }
            end.Cancel();
            Array.ForEach([ender, sender, crowd], thread => thread.Join());
            _pair.Run(() => Store.Stop([.. Store.List()]));
            Assert.InRange(point.Seen.Packets, 1000ul, ulong.MaxValue);
            Assert.Equal(point.Seen, sum + point.Ignored + point.Missed);
        }
    }

    /// <summary>A session that begins late has nothing of what was before.</summary>
    [Fact]
    public void What_a_monitor_counted_before_the_baseline_is_in_no_record()
    {
        _pair.Run(() => Store.Start(_pair.Interface, FlowDirection.Ingress, new MonitorOptions()));
        _pair.Send(s_frame, 10);
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface] });
        FlowRecorder recorder = new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), Keep);
        _pair.Send(s_frame, 2);
        FlowRecord record = Assert.Single(Process(session, recorder, isLast: true));
        Assert.Equal((2ul, 2ul), (record.Gain.Packets, session.Points.Single().Seen.Packets));
    }

    /// <summary>Sends frames of ever new flows until told, or until the interface is gone.</summary>
    private static void SendUntil(ExtraVeth veth, CancellationToken end)
    {
        byte[][] frames = [.. Enumerable.Range(1, 5000).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2, port % 200))];
        try
        {
            for (int i = 0; !end.IsCancellationRequested; i++)
            {
                veth.Send(frames[i / 3 % frames.Length]);
            }
        }
        catch (InvalidOperationException)
        {
            // The interface is gone.
        }
    }

    private void End(ExtraVeth veth, bool isPinned)
    {
        Thread.Sleep(300);
        if (isPinned)
        {
            _pair.Run(() => Store.Stop(Store.Find(veth.Name)!));
        }
        else
        {
            veth.Delete();
        }
    }

    private FlowSession Open(FlowSessionOptions options)
    {
        FlowSession session = new(options, notice => Assert.True(notice.Level != NoticeLevel.Error, notice.Text));
        _sessions.Add(session);
        _pair.Run(() => session.Open());
        return session;
    }

    /// <summary>The records that a sample makes due. Frames that were sent have arrived by then.</summary>
    private FlowRecord[] Process(FlowSession session, FlowRecorder recorder, bool isLast = false)
    {
        _records.Clear();
        _pair.Run(() => recorder.Process(session.Sample(), isLast));
        return [.. _records];
    }

    private void Keep(ReadOnlySpan<FlowRecord> records, ClockCalibration clock) => _records.AddRange(records);
}
