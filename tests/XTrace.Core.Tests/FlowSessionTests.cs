using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Sessions over interfaces that come and go, beside monitors that run and beside each other.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class FlowSessionTests : IDisposable
{
    private static readonly byte[] s_frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);

    private readonly VethPair _pair = new();
    private readonly List<Notice> _notices = [];
    private readonly List<FlowSession> _sessions = [];

    private IEnumerable<Notice> Errors => _notices.Where(notice => notice.Level == NoticeLevel.Error);

    [Fact]
    public void An_interface_that_appears_and_matches_is_watched_from_then_on()
    {
        using ExtraVeth first = new(_pair, "xa1");
        FlowSession session = Open("xa*");
        Assert.Equal(["xa1"], Sample(session).Interfaces);
        using ExtraVeth second = new(_pair, "xa2");
        using ExtraVeth other = new(_pair, "xb1");
        Sample(session); // finds it
        second.Send(s_frame, 3);
        first.Send(s_frame, 2);
        WaitFor(session, "xa2", 3);
        WaitFor(session, "xa1", 2);
        FlowSample sample = Sample(session);
        Assert.Equal([("xa1", 2ul), ("xa2", 3ul)], sample.Flows().Select(flow => (flow.InterfaceAlias, flow.Packets)));
        Assert.Empty(Errors);
        Notice watching = Assert.Single(_notices, notice => notice.Id == "Watching" && (string?)notice.Target == "xa2");
        Assert.Equal(NoticeLevel.Information, watching.Level);
        Assert.DoesNotContain(_notices, notice => (string?)notice.Target == "xb1");
    }

    /// <summary>What it counted until then is in the next sample, which is told to be the last.</summary>
    [Fact]
    public void The_last_flows_of_an_interface_that_goes_are_in_the_next_sample()
    {
        using ExtraVeth first = new(_pair, "xa1");
        using ExtraVeth second = new(_pair, "xa2");
        FlowSession session = Open("xa*");
        Sample(session);
        second.Send(s_frame, 7);
        WaitFor(session, "xa2", 7);
        second.Delete();
        FlowSample last = Sample(session);
        FlowStat flow = Assert.Single(last.Flows());
        Assert.Equal(("xa2", 7ul), (flow.InterfaceAlias, flow.Packets));
        Assert.InRange(flow.PacketsPerSecond, double.Epsilon, double.MaxValue);
        Notice left = Assert.Single(_notices, notice => notice.Id == "InterfaceLeft");
        Assert.Equal((NoticeLevel.Information, "xa2"), (left.Level, (string?)left.Target));
        Assert.Empty(Errors);
        Assert.Equal(["xa1"], Sample(session).Interfaces);

        // Another of its name is another.
        using ExtraVeth back = new(_pair, "xa2");
        Sample(session);
        back.Send(s_frame);
        WaitFor(session, "xa2", 1);
        Assert.Equal(1ul, Assert.Single(Sample(session).Flows()).Packets);
        Assert.False(session.IsOver);
    }

    [Fact]
    public void One_with_an_exact_name_that_goes_is_an_error_and_the_others_go_on()
    {
        using ExtraVeth first = new(_pair, "xa1");
        using ExtraVeth second = new(_pair, "xa2");
        FlowSession session = Open("xa1", "xa2");
        second.Delete();
        Sample(session);
        Notice gone = Assert.Single(Errors);
        Assert.Equal(("InterfaceGone", "xa2"), (gone.Id, (string?)gone.Target));
        Assert.False(session.IsOver);
        first.Send(s_frame, 4);
        WaitFor(session, "xa1", 4);
        Assert.Equal(4ul, Assert.Single(Sample(session).Flows()).Packets);
        // It does not come back by itself.
        using ExtraVeth back = new(_pair, "xa2");
        Sample(session);
        Assert.Equal(["xa1"], Sample(session).Interfaces);
        first.Delete();
        Sample(session);
        Assert.True(session.IsOver);
        Assert.Equal(2, Errors.Count());
    }

    [Fact]
    public void An_interface_that_is_not_there_is_told_with_those_that_are()
    {
        FlowSession session = Open(_pair.Interface, "nosuch0");
        Notice missing = Assert.Single(Errors);
        Assert.Equal("InterfaceNotFound", missing.Id);
        Assert.Contains(_pair.Interface, missing.Text, StringComparison.Ordinal);
        Assert.Equal([_pair.Interface], Sample(session).Interfaces);
    }

    [Fact]
    public void A_wildcard_that_matches_nothing_waits_for_what_it_will()
    {
        FlowSession session = Open("xa*");
        Assert.Equal((false, false), (session.WatchesAnything, session.IsOver));
        Assert.Empty(Sample(session).Flows());
        using ExtraVeth veth = new(_pair, "xa1");
        Sample(session);
        Assert.True(session.WatchesAnything);
        Assert.Empty(Errors);
    }

    [Fact]
    public void All_rows_of_a_sample_have_one_time_and_number_over_all_interfaces()
    {
        using ExtraVeth extra = new(_pair, "xa1");
        _pair.Run(() => Store.Start("xa1", FlowDirection.Ingress, new MonitorOptions { MaxFlow = 64 }));
        FlowSession session = Open(_pair.Interface, "xa1");
        for (int number = 1; number <= 3; number++)
        {
            extra.Send(s_frame);
            _pair.Send(s_frame);
            WaitFor(session, "xa1", number);
            WaitFor(session, _pair.Interface, number);
            DateTime before = DateTime.Now;
            FlowSample sample = Sample(session);
            FlowStat[] rows = [.. sample.Flows()];
            Assert.Equal(2, rows.Length);
            Assert.All(rows, row => Assert.Equal((sample.Timestamp, (long)number), (row.Timestamp, row.Sample)));
            Assert.InRange(sample.Timestamp, before.AddMilliseconds(-20), DateTime.Now.AddMilliseconds(20));
        }
    }

    [Fact]
    public void Gains_are_over_the_time_since_the_sample_before()
    {
        FlowSession session = Open(_pair.Interface);
        _pair.Send(s_frame, 10);
        WaitFor(session, _pair.Interface, 10);
        Sample(session);
        long start = Environment.TickCount64;
        Thread.Sleep(500);
        _pair.Send(s_frame, 6);
        WaitFor(session, _pair.Interface, 16);
        FlowSample second = Sample(session);
        double atMost = (Environment.TickCount64 - start + 1000) / 1000.0;
        WatchedPoint point = Assert.Single(second.Points);
        Assert.InRange(point.MeasuredSeconds, 0.5, atMost);
        FlowStat flow = Assert.Single(second.Flows());
        Assert.Equal(6, flow.PacketsPerSecond * point.MeasuredSeconds, tolerance: 1e-6);
        Assert.Equal(16ul, flow.Packets);
    }

    [Fact]
    public void A_pinned_monitor_and_an_own_program_are_one_sample()
    {
        using ExtraVeth extra = new(_pair, "xa1");
        _pair.Run(() => Store.Start("xa1", FlowDirection.Ingress, new MonitorOptions { MaxFlow = 64 }));
        extra.Send(s_frame, 5);
        Assert.True(SpinWait.SpinUntil(() => _pair.Run(() => Store.Find("xa1"))!.Packets == 5, 5000));
        FlowSession session = Open(_pair.Interface, "xa1");
        Assert.True(session.ReadsMonitors);
        _pair.Send(s_frame, 3);
        WaitFor(session, _pair.Interface, 3);
        Assert.Equal(
            [("xa1", 5ul), (_pair.Interface, 3ul)],
            Sample(session).Flows().Select(flow => (flow.InterfaceAlias, flow.Packets)).OrderByDescending(flow => flow.Packets));
        // What it attached goes with it, and what ran before goes on.
        session.Dispose();
        Assert.Empty(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        Assert.Equal(MonitorState.Running, _pair.Run(() => Store.Find("xa1"))!.State);
    }

    /// <summary>Two interfaces and both directions in one table: the five-tuple is the same everywhere.</summary>
    [Fact]
    public void The_same_five_tuple_on_two_interfaces_is_two_flows()
    {
        using ExtraVeth extra = new(_pair, "xa1");
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface, "xa1"], Directions = FlowDirection.Both });
        extra.Send(s_frame, 2);
        _pair.Send(s_frame, 3);
        WaitFor(session, "xa1", 2);
        WaitFor(session, _pair.Interface, 3);
        FlowSample sample = Sample(session);
        Assert.Equal(4, sample.Points.Count);
        Assert.Equal(
            [(_pair.Interface, 3ul), ("xa1", 2ul)],
            sample.Flows().Select(flow => (flow.InterfaceAlias, flow.Packets)).OrderByDescending(flow => flow.Packets));
        Assert.All(sample.Flows(), flow => Assert.Equal(FlowDirection.Ingress, flow.Direction));
    }

    [Fact]
    public void Of_two_sessions_on_a_pinned_monitor_one_reads_what_makes_room()
    {
        const int Flows = 200;
        _pair.Run(() => Store.Start(_pair.Interface, FlowDirection.Ingress, new MonitorOptions { MaxFlow = 8 }));
        FlowSession first = Open(_pair.Interface);
        FlowSession second = Open(_pair.Interface);
        _pair.Send(Enumerable.Range(1, Flows).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2)));
        WaitFor(first, _pair.Interface, Flows);
        FlowStat[] whole = [.. Sample(first).Flows()];
        FlowStat[] part = [.. Sample(second).Flows()];
        Assert.Equal(Enumerable.Range(1, Flows), whole.Select(flow => (int)flow.SourcePort!).Order());
        Assert.All(part, flow => Assert.Equal(FlowEndReason.None, flow.EndReason));
        Assert.Equal(part.Length, whole.Count(flow => flow.EndReason == FlowEndReason.None));
        XdpMonitor monitor = _pair.Run(() => Store.Find(_pair.Interface))!;
        Assert.Equal((ulong)(Flows - part.Length), monitor.ReportedPackets);
        Assert.Equal(monitor.ReportedPackets, monitor.EvictedPackets);

        // The other is told that it has not all, and how much it lacks.
        Notice Loss() => _notices.Last(notice => notice.Id == "FlowsEvicted");
        Assert.Single(_notices, notice => notice.Id == "FlowsEvicted");
        Assert.Equal((ulong)(Flows - part.Length), (ulong)Loss().Arguments[2]!);

        // When nobody reads any more, what makes room, of either CPU's eight slots, is in the monitor's totals alone.
        first.Dispose();
        _pair.Send(Enumerable.Range(1001, Flows).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2)));
        WaitFor(second, _pair.Interface, 2 * Flows);
        part = [.. Sample(second).Flows()];
        monitor = _pair.Run(() => Store.Find(_pair.Interface))!;
        Assert.InRange(monitor.EvictedPackets - monitor.ReportedPackets, (ulong)Flows - 8, (ulong)Flows);
        // What made room now was in the sample before, or is in none.
        Assert.Equal((ulong)(Flows - part.Count(flow => flow.SourcePort > 1000)), (ulong)Loss().Arguments[2]!);
    }

    [Fact]
    public void A_session_of_its_own_has_every_flow_in_a_sample_though_its_table_is_small()
    {
        const int Flows = 3000;
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface], MaxFlow = 64 });
        List<FlowStat> rows = [];
        for (int round = 0; round < 3; round++)
        {
            _pair.Send(Enumerable.Range(1 + (round * Flows), Flows).Select(port => Udp4("10.0.0.1", port, "10.0.0.2", 2, port % 100)));
            WaitFor(session, _pair.Interface, (round + 1) * Flows);
            rows.AddRange(Sample(session).Flows().Where(flow => flow.PacketsPerSecond > 0));
        }
        Assert.Equal(Enumerable.Range(1, 3 * Flows), rows.Select(flow => (int)flow.SourcePort!).Order());
        Assert.DoesNotContain(_notices, notice => notice.Id == "FlowsEvicted");
        WatchedPoint point = session.Points.Single();
        Assert.Equal((0ul, (ulong)(3 * Flows)), (point.Totals.EvictedPackets, point.Totals.Packets));
    }

    [Fact]
    public void A_session_that_is_stopped_waits_no_more()
    {
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Interval = TimeSpan.FromMinutes(5) });
        using Timer timer = new(_ => session.Stop(), null, 200, Timeout.Infinite);
        Assert.False(_pair.Run(() => session.Wait(TimeSpan.FromSeconds(1))));
    }

    /// <summary>A signal comes at any time, and abandons the session on a thread of its own.</summary>
    [Fact]
    public void A_session_can_be_abandoned_while_it_attaches()
    {
        ExtraVeth[] veths = [.. Enumerable.Range(1, 8).Select(number => new ExtraVeth(_pair, $"xa{number}"))];
        FlowSession session = new(new FlowSessionOptions { Interfaces = ["xa*"], Directions = FlowDirection.Both }, _notices.Add);
        _sessions.Add(session);
        Exception? failure = null;
        bool isOpen = false;
        Thread signal = new(() =>
        {
            while (failure is null && !Volatile.Read(ref isOpen))
            {
                failure = Record.Exception(session.Abandon);
            }
        });
        signal.Start();
        _pair.Run(() => session.Open());
        Volatile.Write(ref isOpen, true);
        signal.Join();
        Assert.Null(failure);
        Array.ForEach(veths, veth => veth.Dispose());
    }

    /// <summary>The other direction goes on, and is read once.</summary>
    [Fact]
    public void One_direction_of_a_monitor_that_is_stopped_leaves_the_other_as_it_was()
    {
        foreach (FlowDirection direction in (FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress])
        {
            _pair.Run(() => Store.Start(_pair.Interface, direction, new MonitorOptions { MaxFlow = 64 }));
        }
        FlowSession session = Open(new FlowSessionOptions { Interfaces = [$"{_pair.Interface}*"], Directions = FlowDirection.Both });
        _pair.Run(() => Store.Stop(Store.Find(_pair.Interface, FlowDirection.Egress)!));
        Sample(session);
        Assert.Equal(
            [(FlowDirection.Ingress, false), (FlowDirection.Egress, true)],
            session.Points.Select(point => (point.Direction, point.IsOwn)).OrderBy(point => point.Direction));
        _pair.Send(s_frame, 3);
        Assert.Equal(3ul, Assert.Single(Sample(session).Flows()).Packets);
    }

    public void Dispose()
    {
        _sessions.ForEach(session => session.Dispose());
        _pair.Dispose();
    }

    private FlowSession Open(params string[] interfaces) => Open(new FlowSessionOptions { Interfaces = interfaces });

    private FlowSession Open(FlowSessionOptions options) => _pair.Run(() =>
    {
        FlowSession session = new(options, _notices.Add);
        _sessions.Add(session);
        session.Open();
        return session;
    });

    private FlowSample Sample(FlowSession session) => _pair.Run(session.Sample);

    /// <summary>Waits until all points of an interface have counted so many frames between them.</summary>
    private static void WaitFor(FlowSession session, string name, int frames)
    {
        ulong Counted() => (ulong)session.Sources.SelectMany(source => source.Points.Where(point => point.InterfaceName == name)
            .Select(point => (long)source.Monitor.Points.ReadTotals(point.Id).Packets)).Sum();
        Assert.True(SpinWait.SpinUntil(() => Counted() == (ulong)frames, 5000), $"{name}: {Counted()} of {frames}");
    }
}
