using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Pinned monitors: over processes, over deaths, over interfaces that go and come back. The same on each kind of hook.</summary>
public abstract class MonitorStoreTests(MonitorHook hook) : IDisposable
{
    /// <summary>A start clears away what died anywhere, in other tests' namespaces as well.</summary>
    internal const string OneAtATime = "monitor store";

    private readonly VethPair _pair = new();
    private readonly byte[] _frame = Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);

    private MonitorOptions Options => new() { MaxFlow = 64, Hooks = [hook] };

    [Fact]
    public void Another_process_reads_it_and_stops_it()
    {
        Assert.Equal("Running", _pair.Run(() => OtherProcess.Run("start", _pair.Interface, $"{hook}")));
        _pair.Send(_frame, 10);
        Assert.True(SpinWait.SpinUntil(() => Find()!.Packets == 10, 5000));
        Assert.Equal($"{_pair.Interface} Running 10 {10 * _frame.Length}", _pair.Run(() => OtherProcess.Run("list")));
        using (FlowWatch watch = _pair.Run(() => FlowWatch.Open(NetInterfaces.Get(_pair.Interface), null, new MonitorOptions(), new FlowFilter(), _ => { })[0]))
        {
            _pair.Run(watch.Sample);
            Assert.False(watch.IsOwn);
            Assert.Equal(10ul, Assert.Single(watch.Flows()).Packets);
        }
        _pair.Run(() => MonitorStore.Stop(Find()!));
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
    public void A_renamed_interface_keeps_its_monitor_and_another_of_the_old_name_does_not_cost_it()
    {
        const string Renamed = "xtr0";
        XdpMonitor first = Start();
        _pair.Run(() =>
        {
            Command.Run("ip", "link", "set", _pair.Interface, "down");
            Command.Run("ip", "link", "set", _pair.Interface, "name", Renamed);
            Command.Run("ip", "link", "add", _pair.Interface, "type", "veth", "peer", "name", "xtr1");
        });
        Assert.Equal("MonitorRenamed", Assert.Throws<XTraceException>(() => Start(force: true)).ErrorId);
        XdpMonitor renamed = _pair.Run(() => MonitorStore.Find(Renamed, FlowDirection.Ingress))!;
        Assert.Equal((MonitorState.Running, first.LinkId), (renamed.State, renamed.LinkId));
        _pair.Run(() => MonitorStore.Stop(renamed));
        Assert.Equal(MonitorState.Running, Start().State);
    }

    [Fact]
    public void A_name_may_have_a_dot()
    {
        const string Name = "eth0.100";
        _pair.Run(() => Command.Run("ip", "link", "add", Name, "type", "veth", "peer", "name", "other"));
        Assert.Equal(MonitorState.Running, Start(name: Name).State);
        XdpMonitor monitor = _pair.Run(() => MonitorStore.Find(Name, FlowDirection.Ingress))!;
        Assert.Equal(Name, monitor.InterfaceAlias);
        _pair.Run(() => MonitorStore.Stop(monitor));
        Assert.Null(_pair.Run(() => MonitorStore.Find(Name, FlowDirection.Ingress)));
    }

    /// <summary>What a process leaves that is killed between two pins, at each of them.</summary>
    [Theory]
    [InlineData()]
    [InlineData("meta")]
    [InlineData("meta", "flows")]
    [InlineData("meta", "flows", "cpus")]
    [InlineData("meta", "flows", "cpus", "clock")]
    public void A_start_that_died_half_way_is_known_and_cleaned_up(params string[] pinned)
    {
        string pins = Start().Path;
        foreach (string pin in Directory.GetFiles(pins).Where(path => !pinned.Contains(Path.GetFileName(path))))
        {
            File.Delete(pin);
        }
        Assert.Equal(MonitorState.Incomplete, Find()!.State);
        // With its pin the link loses its last reference; the kernel detaches it in its own time.
        Assert.True(hook == MonitorHook.Clsact || SpinWait.SpinUntil(() => !IsAttached(), 5000));
        _pair.Run(() => MonitorStore.Stop(Find()!));
        Assert.Null(Find());
        Directory.CreateDirectory(pins);
        Assert.Equal(MonitorState.Incomplete, Find()!.State);
        Assert.Equal(MonitorState.Running, Start().State);
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
            Assert.Contains(left, new MonitorState?[] { null, MonitorState.Incomplete, MonitorState.Running });
            Assert.Equal(MonitorState.Running, Start(force: left == MonitorState.Running).State);
            _pair.Run(() => MonitorStore.Stop(Find()!));
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
                _pair.Run(() => MonitorStore.Stop(left));
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
        using FlowWatch watch = _pair.Run(() => FlowWatch.Open(NetInterfaces.Get(_pair.Interface), null, new MonitorOptions(), new FlowFilter(), _ => { })[0]);
        _pair.Run(watch.Sample);
        _pair.Run(() => MonitorStore.Stop(Find()!));
        AssertNothingIsLeft();
        Assert.Equal("InterfaceGone", Assert.Throws<XTraceException>(() => _pair.Run(watch.Sample)).ErrorId);
    }

    [Fact]
    public void Another_version_s_monitor_is_replaced_only_by_force()
    {
        string pins = Start().Path;
        WriteVersion(Path.Combine(pins, "meta"), FlowAbi.Version + 1);
        Assert.Equal(MonitorState.Incompatible, Find()!.State);
        Assert.Equal("MonitorIncompatible", Assert.Throws<XTraceException>(() => Start()).ErrorId);
        Assert.Equal("MonitorIncompatible", Assert.Throws<XTraceException>(() => _pair.Run(() => MonitorStore.Open(_pair.Interface, FlowDirection.Both))).ErrorId);
        Assert.Equal(MonitorState.Running, Start(force: true).State);
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
        Assert.Contains("PermissionDenied: Watching an interface needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN", refusal, StringComparison.Ordinal);
        Assert.Null(Find());
    }

    [Fact]
    public void The_capabilities_it_asks_for_are_enough()
    {
        const string Needed = "+bpf,+perfmon,+net_admin";
        Assert.Equal("Running", _pair.Run(() => OtherProcess.RunUnder(["setpriv", $"--bounding-set=-all,{Needed}"], "start", _pair.Interface, $"{hook}")));
        Assert.Equal(MonitorState.Running, Find()!.State);
    }

    [Fact]
    public void An_interface_that_is_not_there_is_told_with_those_that_are()
    {
        XTraceException refusal = Assert.Throws<XTraceException>(() => Start(name: "nosuch0"));
        Assert.Equal("InterfaceNotFound", refusal.ErrorId);
        Assert.Contains(_pair.Interface, refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _pair.Dispose();
        GC.SuppressFinalize(this);
    }

    private XdpMonitor Start(bool force = false, string? name = null) =>
        _pair.Run(() => MonitorStore.Start(name ?? _pair.Interface, FlowDirection.Ingress, Options, force, _ => { }));

    private XdpMonitor? Find() => _pair.Run(() => MonitorStore.Find(_pair.Interface, FlowDirection.Ingress));

    /// <summary>What others say of the interface, not XTrace.</summary>
    private bool IsAttached() => _pair.Run(() => AttachedPrograms.On(_pair.Interface)).Length > 0;

    /// <returns>False if the process came to that call, and died there.</returns>
    private bool SurvivesKillAt(string systemCall, int nth, string verb)
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
        Assert.False(Directory.Exists(_pair.Run(() => PinDirectory.OfNamespace)));
        Assert.False(IsAttached());
    }

    private static unsafe void WriteVersion(string path, uint version)
    {
        using BpfHandle map = BpfHandle.Open(path);
        uint key = 0;
        MonitorMeta meta = default;
        Assert.Equal(0, LibBpf.bpf_map_lookup_elem(map, &key, &meta));
        meta.AbiVersion = version;
        Assert.Equal(0, LibBpf.bpf_map_update_elem(map, &key, &meta, 0));
    }
}

[Collection(MonitorStoreTests.OneAtATime)]
public sealed class NativeMonitorStoreTests() : MonitorStoreTests(MonitorHook.XdpNative);

[Collection(MonitorStoreTests.OneAtATime)]
public sealed class TcxMonitorStoreTests() : MonitorStoreTests(MonitorHook.Tcx);

/// <summary>What is particular to filters: they are made and removed through netlink, and no link ends them.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
public sealed class ClsactMonitorStoreTests() : MonitorStoreTests(MonitorHook.Clsact)
{
    [Fact]
    public void A_start_killed_at_any_message_does_not_stand_in_the_way() => Assert.InRange(KillStarts("sendto"), 5, 200);

    [Fact]
    public void A_stop_killed_at_any_message_can_be_finished() => Assert.InRange(KillStops("sendto"), 4, 200);
}
