using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Pinned monitors: over processes, over deaths, over interfaces that go and come back. The same on each kind of hook.</summary>
[Trait("Category", "Privileged")]
public abstract class MonitorStoreTests(MonitorHook hook) : IDisposable
{
    /// <summary>A start clears away what died anywhere, in other tests' namespaces as well.</summary>
    internal const string OneAtATime = "monitor store";

    private readonly VethPair _pair = new();
    private readonly byte[] _frame = Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);

    protected VethPair Pair => _pair;

    internal MonitorOptions Options => new() { MaxFlow = 64, Hooks = [hook] };

    [Fact]
    public void Another_process_reads_it_and_stops_it()
    {
        Assert.Equal("Running", _pair.Run(() => OtherProcess.Run("start", _pair.Interface, $"{hook}")));
        _pair.Send(_frame, 10);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 10, 5000));
        Assert.Equal($"{_pair.Interface} Running 10 {10 * _frame.Length}", _pair.Run(() => OtherProcess.Run("list")));
        using (FlowSession session = OpenSession(_ => { }))
        {
            Assert.True(session.ReadsMonitors);
            Assert.Equal(10ul, Assert.Single(_pair.Run(session.Sample).Flows()).Packets);
        }
        _pair.Run(() => Store.Stop(Find()!));
        AssertNothingIsLeft();
    }

    [Fact]
    public void It_outlives_the_kill_of_the_process_that_started_it()
    {
        Assert.Throws<InvalidOperationException>(() => _pair.Run(() => OtherProcess.Run("start-and-die", _pair.Interface, $"{hook}")));
        Assert.Equal(MonitorState.Running, Find()!.State);
    }

    [Fact]
    public void A_second_start_is_refused_and_a_forced_one_begins_anew()
    {
        XdpMonitor first = Start();
        _pair.Send(_frame, 3);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 3, 5000));
        XTraceException refusal = Assert.Throws<XTraceException>(() => Start());
        Assert.Equal(("MonitorExists", XTraceErrorKind.ResourceExists), (refusal.ErrorId, refusal.Kind));
        Assert.Equal(first.ProgramId, Find()!.ProgramId);
        XdpMonitor second = Start(force: true);
        Assert.NotEqual(first.ProgramId, second.ProgramId);
        Assert.Equal((MonitorState.Running, 0ul), (second.State, second.Packets));
    }

    [Fact]
    public void It_is_detached_when_its_interface_goes_and_starts_on_the_one_that_comes_back()
    {
        XdpMonitor first = Start();
        _pair.Run(() => Command.Run("ip", "link", "del", _pair.Interface));
        Assert.Equal((MonitorState.Detached, MonitorHook.None), (Find()!.State, Find()!.Hook));
        _pair.Run(() => Command.Run("ip", "link", "add", _pair.Interface, "type", "veth", "peer", "name", "back"));
        Assert.Equal(MonitorState.Detached, Find()!.State);
        XdpMonitor second = Start();
        Assert.Equal(MonitorState.Running, second.State);
        Assert.NotEqual(first.InterfaceIndex, second.InterfaceIndex);
    }

    [Fact]
    public void A_renamed_interface_keeps_its_monitor_beside_that_of_another_with_the_old_name()
    {
        const string Renamed = "xtr0";
        XdpMonitor first = Start();
        _pair.Run(() =>
        {
            Command.Run("ip", "link", "set", _pair.Interface, "down");
            Command.Run("ip", "link", "set", _pair.Interface, "name", Renamed);
            Command.Run("ip", "link", "add", _pair.Interface, "type", "veth", "peer", "name", "xtr1");
            Command.Run("ip", "link", "set", Renamed, "up");
        });
        XdpMonitor second = Start();
        XdpMonitor renamed = _pair.Run(() => Store.Find(Renamed))!;
        Assert.Equal((MonitorState.Running, first.ProgramId, first.LinkId), (renamed.State, renamed.ProgramId, renamed.LinkId));
        Assert.Equal((MonitorState.Running, second.LinkId), (Find()!.State, Find()!.LinkId));
        _pair.Send(_frame, 3);
        Assert.True(SpinWait.SpinUntil(() => _pair.Run(() => Store.Find(Renamed))!.Packets == 3, 5000));
        Assert.Equal(0ul, Find()!.Packets);
        _pair.Run(() => Store.Stop(renamed));
        Assert.Equal(MonitorState.Running, Find()!.State);
    }

    [Fact]
    public void It_goes_on_through_down_and_up()
    {
        Start();
        _pair.Send(_frame, 3);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 3, 5000));
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "down"));
        Assert.Equal(MonitorState.Running, Find()!.State);
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "up"));
        // The peer drops what it sends until the kernel has seen to its carrier.
        Assert.True(SpinWait.SpinUntil(
            () => _pair.RunAtPeer(() => Command.Run("ip", "link", "show", _pair.PeerInterface)).Contains("state UP"), 5000));
        _pair.Send(_frame, 4);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 7, 5000), $"{Find()!.Packets}");
    }

    /// <summary>A link goes with the interface; the kernel takes qdiscs off on the way, and their filters.</summary>
    [Fact]
    public void An_interface_that_moves_to_another_namespace_is_said_to_be_gone_from_here()
    {
        using NetNamespace elsewhere = new($"xt-else-{Environment.ProcessId}-{hook}");
        XdpMonitor first = Start();
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "netns", elsewhere.Name));
        bool goesAlong = hook != MonitorHook.Clsact;
        Assert.Equal(goesAlong ? MonitorState.Moved : MonitorState.Detached, Find()!.State);
        Assert.Equal(goesAlong, elsewhere.Run(() => AttachedPrograms.On(_pair.Interface)).Length > 0);
        Assert.Empty(elsewhere.Run(Store.List));

        // Another of its name takes the old one's place, which goes on elsewhere only as long as nobody says otherwise.
        _pair.Run(() => Command.Run("ip", "link", "add", _pair.Interface, "type", "veth", "peer", "name", "xtr1"));
        if (goesAlong)
        {
            Assert.Equal("MonitorMoved", Assert.Throws<XTraceException>(() => Start()).ErrorId);
        }
        XdpMonitor second = Start(force: true);
        Assert.Equal(MonitorState.Running, second.State);
        Assert.NotEqual(first.ProgramId, second.ProgramId);
        Assert.Empty(elsewhere.Run(() => AttachedPrograms.On(_pair.Interface)));
    }

    [Fact]
    public void A_moved_interface_s_monitor_can_be_stopped_from_where_it_was_started()
    {
        using NetNamespace elsewhere = new($"xt-else-{Environment.ProcessId}-{hook}");
        Start();
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "netns", elsewhere.Name));
        _pair.Run(() => Store.Stop(Find()!));
        Assert.Null(Find());
        Assert.Empty(elsewhere.Run(() => AttachedPrograms.On(_pair.Interface)));
    }

    /// <summary>Of a namespace that is gone nobody can ask; the next start anywhere clears what a link says is detached.</summary>
    [Fact]
    public void What_a_namespace_leaves_that_goes_is_cleared_by_the_next_start()
    {
        string pins;
        using (NetNamespace gone = new($"xt-gone-{Environment.ProcessId}-{hook}"))
        {
            pins = gone.Run(() =>
            {
                Command.Run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
                return Path.GetDirectoryName(Store.Start("v0", FlowDirection.Ingress, Options).Path)!;
            });
        }
        // The kernel takes a namespace down in its own time.
        bool cleared = SpinWait.SpinUntil(
            () =>
            {
                Start(force: true);
                return !Directory.Exists(pins);
            },
            hook == MonitorHook.Clsact ? 500 : 10_000);
        Assert.Equal(hook != MonitorHook.Clsact, cleared);
        if (!cleared)
        {
            Directory.Delete(Path.GetDirectoryName(pins)!, recursive: true);
        }
    }

    [Fact]
    public void Each_direction_is_stopped_by_itself_though_both_share_a_table()
    {
        XdpMonitor ingress = Start();
        MonitorOptions options = Options with { Hooks = [hook == MonitorHook.XdpNative ? MonitorHook.Tcx : hook] };
        XdpMonitor egress = _pair.Run(() => Store.Start(_pair.Interface, FlowDirection.Egress, options));
        Assert.Equal(Path.GetDirectoryName(ingress.Path), Path.GetDirectoryName(egress.Path));
        FlowDirection[] directions = _pair.Run(() => Store.List().Select(monitor => monitor.Direction).ToArray());
        Assert.Equal([FlowDirection.Ingress, FlowDirection.Egress], directions);
        _pair.Send(_frame, 3);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 3, 5000));
        Assert.Equal(0ul, _pair.Run(() => Store.Find(_pair.Interface, FlowDirection.Egress))!.Packets);
        _pair.Run(() => Store.Stop(Find()!));
        XdpMonitor left = Assert.Single(_pair.Run(Store.List));
        Assert.Equal((FlowDirection.Egress, MonitorState.Running, egress.ProgramId), (left.Direction, left.State, left.ProgramId));
        _pair.Run(() => Store.Stop(left));
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void A_monitor_of_an_old_version_is_known_and_goes_with_stop_or_by_force(int version, bool force)
    {
        string pins = _pair.Run(() => OldVersion.Start(version, _pair.Interface, FlowDirection.Ingress, hook));
        Assert.Equal((MonitorState.Incompatible, pins), (Find()!.State, Find()!.Path));
        Assert.Equal("MonitorIncompatible", Assert.Throws<XTraceException>(() => Start()).ErrorId);
        List<Notice> notices = [];
        using (FlowSession session = OpenSession(notices.Add))
        {
            Assert.Equal("MonitorIncompatible", Assert.Single(notices, notice => notice.Level == NoticeLevel.Error).Id);
            Assert.False(session.WatchesAnything);
        }
        if (force)
        {
            Assert.Equal(MonitorState.Running, Start(force: true).State);
            Assert.False(Directory.Exists(pins));
            Assert.Single(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        }
        _pair.Run(() => Store.Stop(Find()!));
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_name_may_have_a_dot()
    {
        const string Name = "eth0.100";
        _pair.Run(() => Command.Run("ip", "link", "add", Name, "type", "veth", "peer", "name", "other"));
        Assert.Equal(MonitorState.Running, Start(name: Name).State);
        XdpMonitor monitor = _pair.Run(() => Store.Find(Name))!;
        Assert.Equal(Name, monitor.InterfaceAlias);
        _pair.Run(() => Store.Stop(monitor));
        Assert.Null(_pair.Run(() => Store.Find(Name)));
    }

    /// <summary>What a process leaves that is killed between two pins: nobody can name it, and the next start clears it.</summary>
    [Theory]
    [InlineData()]
    [InlineData("meta")]
    [InlineData("meta", "points", "totals", "cpus", "flows")]
    [InlineData("meta", "points", "totals", "cpus", "flows", "details", "buckets", "ends", "control", "config")]
    [InlineData("meta", "points", "totals", "cpus", "flows", "details", "buckets", "ends", "control", "config", "clock")]
    public void A_start_that_died_half_way_is_cleared_by_the_next(params string[] pinned)
    {
        string pins = Path.GetDirectoryName(Start().Path)!;
        foreach (string pin in Directory.GetFiles(pins).Where(path => !pinned.Contains(Path.GetFileName(path))))
        {
            File.Delete(pin);
        }
        Assert.Equal(pinned.Length, Directory.GetFiles(pins).Length);
        Assert.Null(Find());
        // With its pin the link loses its last reference; the kernel detaches it in its own time.
        Assert.True(hook == MonitorHook.Clsact || SpinWait.SpinUntil(() => !IsAttached(), 5000));
        Assert.Equal(MonitorState.Running, Start().State);
        Assert.Single(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(pins)!));
        _pair.Run(() => Store.Stop(Find()!));
        AssertNothingIsLeft();
    }

    /// <summary>Kills a start at its first BPF system call, then at its second, and so on until one gets through.</summary>
    [Fact]
    public void A_start_killed_at_any_step_does_not_stand_in_the_way() => Assert.InRange(KillStarts("bpf"), 20, 200);

    /// <returns>How many steps there were.</returns>
    protected int KillStarts(string systemCall)
    {
        int step = 1;
        while (!SurvivesKillAt(systemCall, step, "start"))
        {
            // Whole, if its link was pinned; else what the next start or stop clears away.
            MonitorState? left = Find()?.State;
            Assert.Contains(left, new MonitorState?[] { null, MonitorState.Incomplete, MonitorState.Detached, MonitorState.Running });
            Assert.Equal(MonitorState.Running, Start(force: left == MonitorState.Running).State);
            _pair.Run(() => Store.Stop(Find()!));
            AssertNothingIsLeft();
            step++;
        }
        return step;
    }

    /// <summary>The same for a stop, at each kind of system call that it is made of.</summary>
    [Theory]
    [InlineData("bpf")]
    [InlineData("unlink")]
    [InlineData("rmdir")]
    public void A_stop_killed_at_any_step_can_be_finished(string systemCall) => Assert.InRange(KillStops(systemCall), 2, 200);

    /// <returns>How many steps there were.</returns>
    protected int KillStops(string systemCall)
    {
        int step = 1;
        Start();
        while (!SurvivesKillAt(systemCall, step, "stop"))
        {
            if (Find() is { } left)
            {
                _pair.Run(() => Store.Stop(left));
            }
            Assert.False(IsAttached());
            Start();
            step++;
        }
        AssertNothingIsLeft();
        return step;
    }

    /// <summary>A process that reads holds the link open; the program goes from the interface all the same.</summary>
    [Fact]
    public void It_stops_at_once_though_somebody_still_reads()
    {
        Start();
        List<Notice> notices = [];
        using FlowSession session = OpenSession(notices.Add);
        _pair.Run(session.Sample);
        _pair.Run(() => Store.Stop(Find()!));
        AssertNothingIsLeft();
        _pair.Run(session.Sample);
        Assert.Equal("InterfaceGone", Assert.Single(notices, notice => notice.Level == NoticeLevel.Error).Id);
        Assert.True(session.IsOver);
    }

    /// <summary>One of a later version, whose tables may look different.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_version_s_monitor_is_replaced_only_by_force(bool force)
    {
        string pins = Path.GetDirectoryName(Start().Path)!;
        PinnedMap.Write(Path.Combine(pins, "meta"), FlowAbi.Version + 1);
        Assert.Equal(MonitorState.Incompatible, Find()!.State);
        Assert.Equal("MonitorIncompatible", Assert.Throws<XTraceException>(() => Start()).ErrorId);
        List<Notice> notices = [];
        using (FlowSession session = OpenSession(notices.Add))
        {
            Assert.Equal("MonitorIncompatible", Assert.Single(notices, notice => notice.Level == NoticeLevel.Error).Id);
        }
        if (force)
        {
            Assert.Equal(MonitorState.Running, Start(force: true).State);
            Assert.Single(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        }
        _pair.Run(() => Store.Stop(Find()!));
        AssertNothingIsLeft();
    }

    [Fact]
    public void Of_two_starts_at_once_one_wins()
    {
        Task<string>[] starts = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            try
            {
                return _pair.Run(() => OtherProcess.Run("start", _pair.Interface, $"{hook}"));
            }
            catch (InvalidOperationException refusal)
            {
                return refusal.Message;
            }
        }))];
        string[] results = [.. starts.Select(start => start.Result)];
        Assert.Single(results, "Running");
        Assert.Single(results, result => result.Contains("MonitorExists:", StringComparison.Ordinal));
        Assert.Equal(MonitorState.Running, Find()!.State);
    }

    [Fact]
    public void Without_capabilities_it_says_which_are_missing()
    {
        string refusal = Assert.Throws<InvalidOperationException>(
            () => _pair.Run(() => OtherProcess.RunUnder(["setpriv", "--bounding-set=-all"], "start", _pair.Interface, $"{hook}"))).Message;
        Assert.Contains("PermissionDenied: Watching flows needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN", refusal, StringComparison.Ordinal);
        Assert.Null(Find());
    }

    [Fact]
    public void The_capabilities_it_asks_for_are_enough()
    {
        const string Needed = "+bpf,+perfmon,+net_admin";
        string state = _pair.Run(
            () => OtherProcess.RunUnder(["setpriv", $"--bounding-set=-all,{Needed}"], "start", _pair.Interface, $"{hook}"));
        Assert.Equal("Running", state);
        Assert.Equal(MonitorState.Running, Find()!.State);
    }

    public void Dispose()
    {
        _pair.Dispose();
        GC.SuppressFinalize(this);
    }

    private XdpMonitor Start(bool force = false, string? name = null) =>
        _pair.Run(() => Store.Start(name ?? _pair.Interface, FlowDirection.Ingress, Options, force));

    private protected XdpMonitor? Find() => _pair.Run(() => Store.Find(_pair.Interface));

    private FlowSession OpenSession(Action<Notice> report) => _pair.Run(() =>
    {
        FlowSession session = new(new FlowSessionOptions { Interfaces = [_pair.Interface] }, report);
        session.Open();
        return session;
    });

    /// <summary>What others say of the interface, not XTrace.</summary>
    private bool IsAttached() => _pair.Run(() => AttachedPrograms.On(_pair.Interface)).Length > 0;

    /// <returns>False if the process came to that call, and died there.</returns>
    protected bool SurvivesKillAt(string systemCall, int nth, string verb)
    {
        string log = Path.GetTempFileName();
        try
        {
            string[] strace = ["strace", "-f", "-o", log, "-e", $"inject={systemCall}:signal=SIGKILL:when={nth}"];
            _pair.Run(() => OtherProcess.RunUnder(strace, verb, _pair.Interface, $"{hook}"));
            return true;
        }
        catch (InvalidOperationException) when (File.ReadAllText(log).Contains("SIGKILL", StringComparison.Ordinal))
        {
            return false;
        }
        finally
        {
            File.Delete(log);
        }
    }

    private void AssertNothingIsLeft()
    {
        Assert.Null(Find());
        Assert.False(Directory.Exists(_pair.Run(() => PinFolder.OfNamespace)));
        Assert.False(IsAttached());
    }
}

[Collection(MonitorStoreTests.OneAtATime)]
public sealed class NativeMonitorStoreTests() : MonitorStoreTests(MonitorHook.XdpNative);

[Collection(MonitorStoreTests.OneAtATime)]
public sealed class TcxMonitorStoreTests() : MonitorStoreTests(MonitorHook.Tcx)
{
    /// <summary>The new one could not be had: the slot is somebody else's.</summary>
    [Fact]
    public void A_forced_start_that_is_refused_leaves_what_runs()
    {
        using OwnMonitor foreign = Pair.Run(
            () => OwnMonitor.Attach(Pair.Interface, FlowDirection.Ingress, new MonitorOptions { Mode = AttachMode.Native }));
        XdpMonitor first = Pair.Run(() => Store.Start(Pair.Interface, FlowDirection.Ingress, Options));
        MonitorOptions native = new() { Mode = AttachMode.Native };
        XTraceException refusal = Assert.Throws<XTraceException>(
            () => Pair.Run(() => Store.Start(Pair.Interface, FlowDirection.Ingress, native, force: true)));
        Assert.Equal("XdpSlotBusy", refusal.ErrorId);
        XdpMonitor left = Find()!;
        Assert.Equal((MonitorState.Running, first.ProgramId), (left.State, left.ProgramId));
    }

    /// <summary>Its own slot it gets: the old one makes room.</summary>
    [Theory]
    [InlineData(MonitorHook.XdpNative, MonitorHook.XdpGeneric)]
    [InlineData(MonitorHook.Tcx, MonitorHook.XdpNative)]
    [InlineData(MonitorHook.XdpNative, MonitorHook.Tcx)]
    public void A_forced_start_may_change_the_hook(MonitorHook from, MonitorHook to)
    {
        foreach (MonitorHook hook in (MonitorHook[])[from, to])
        {
            XdpMonitor monitor = Pair.Run(() => Store.Start(
                Pair.Interface, FlowDirection.Ingress, new MonitorOptions { Hooks = [hook] }, force: true));
            Assert.Equal((hook, MonitorState.Running), (monitor.Hook, monitor.State));
            Assert.Single(Pair.Run(() => AttachedPrograms.On(Pair.Interface)));
        }
    }

    [Fact]
    public void A_hook_that_is_full_is_said_to_be()
    {
        List<Attachment> all = [];
        using TestTable table = new(maxFlow: 8);
        try
        {
            BpfException full = Assert.Throws<BpfException>(() => Pair.Run(() =>
            {
                // The kernel takes a program once: they are loaded one by one over the same maps.
                while (all.Count < 100)
                {
                    using BpfHandle program = FlowProgram.Load(
                        FlowProgram.NameOf(MonitorHook.Tcx, FlowDirection.Ingress), table.Monitor.Maps, table.Monitor.HasDetails);
                    all.Add(TcxHook.Attach(program, TestInterfaces.Get(Pair.Interface), FlowDirection.Ingress));
                }
            }));
            Assert.Equal(("HookFull", 63), (full.ErrorId, all.Count));
        }
        finally
        {
            all.ForEach(attachment => attachment.Dispose());
        }
    }
}

/// <summary>What is particular to filters: they are made and removed through netlink, and no link ends them.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
public sealed class ClsactMonitorStoreTests() : MonitorStoreTests(MonitorHook.Clsact)
{
    [Fact]
    public void A_start_killed_at_any_message_does_not_stand_in_the_way() => Assert.InRange(KillStarts("sendto"), 5, 200);

    /// <summary>Links end with their process; a filter stays until somebody comes by.</summary>
    [Fact]
    public void What_a_killed_process_leaves_goes_with_the_next_that_attaches()
    {
        Assert.Throws<InvalidOperationException>(() => Pair.Run(() => OtherProcess.Run("attach-and-die", Pair.Interface, "Clsact")));
        Assert.Equal(["clsact ingress"], Pair.Run(() => AttachedPrograms.On(Pair.Interface)));
        Pair.Run(() =>
        {
            using (OwnMonitor.Attach(Pair.Interface, FlowDirection.Egress, Options))
            {
                Assert.Equal(["clsact egress"], AttachedPrograms.On(Pair.Interface));
            }
            Assert.Empty(AttachedPrograms.On(Pair.Interface));
        });
    }

    [Fact]
    public void The_filters_of_processes_that_live_stay()
    {
        using OwnMonitor own = Pair.Run(() => OwnMonitor.Attach(Pair.Interface, FlowDirection.Ingress, Options));
        XdpMonitor pinned = Pair.Run(() => Store.Start(Pair.Interface, FlowDirection.Egress, Options));
        Pair.Run(() => ClsactHook.RemoveOrphans(isPinned: (_, _) => true));
        Assert.Equal(["clsact ingress", "clsact egress"], Pair.Run(() => AttachedPrograms.On(Pair.Interface)));
        Pair.Run(() => Store.Stop(pinned));
        Assert.True(Pair.Run(own.Attachment.IsInPlace));
    }

    /// <summary>The qdisc goes with the last filter, if it was not there before, and nobody else uses it.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void The_qdisc_goes_with_the_last_monitor_if_it_came_with_the_first(bool wasThere, bool stays)
    {
        if (wasThere)
        {
            Pair.Run(() => Command.Run("tc", "qdisc", "add", "dev", Pair.Interface, "clsact"));
        }
        Assert.Throws<InvalidOperationException>(() => Pair.Run(() => OtherProcess.Run("attach-and-die", Pair.Interface, "Clsact")));
        foreach (FlowDirection direction in (FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress])
        {
            Pair.Run(() => Store.Start(Pair.Interface, direction, Options));
            Pair.Run(() => Store.Start(Pair.Interface, direction, Options, force: true));
        }
        Pair.Run(() => Store.Stop(Store.List()));
        string qdiscs = Pair.Run(() => Command.Run("tc", "qdisc", "show", "dev", Pair.Interface));
        Assert.Equal(stays, qdiscs.Contains("clsact", StringComparison.Ordinal));
    }

    /// <summary>It takes filters of egress, and runs them on what arrives.</summary>
    [Fact]
    public void Beside_an_ingress_qdisc_there_is_no_egress()
    {
        Pair.Run(() => Command.Run("tc", "qdisc", "add", "dev", Pair.Interface, "ingress"));
        XTraceException refusal = Assert.Throws<XTraceException>(
            () => Pair.Run(() => Store.Start(Pair.Interface, FlowDirection.Egress, Options)));
        Assert.Equal("IngressQdisc", refusal.ErrorId);
        Assert.Equal(MonitorState.Running, Pair.Run(() => Store.Start(Pair.Interface, FlowDirection.Ingress, Options)).State);
        string[] attached = Pair.Run(() => AttachedPrograms.On(Pair.Interface));
        Assert.Equal(["clsact ingress"], attached.Where(where => where.EndsWith("ingress", StringComparison.Ordinal)));
    }

    /// <summary>A start that died before it pinned its filter: nobody can name it, and every stop clears it.</summary>
    [Fact]
    public void A_stop_clears_what_a_killed_start_attached()
    {
        int step = 1;
        bool found = false;
        while (!SurvivesKillAt("sendto", step++, "start"))
        {
            found |= Pair.Run(() => AttachedPrograms.On(Pair.Interface)).Length > 0 && Find() == null;
            Pair.Run(() => Store.Stop(Find() is { } left ? [left] : []));
            Assert.Empty(Pair.Run(() => AttachedPrograms.On(Pair.Interface)));
        }
        Assert.True(found);
    }

    [Fact]
    public void A_stop_killed_at_any_message_can_be_finished() => Assert.InRange(KillStops("sendto"), 4, 200);
}
