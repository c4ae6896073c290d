using XTrace.Monitors;

namespace XTrace.Cli.Tests;

/// <summary>The monitor it reads: pinned by someone else, or gone with its interface.</summary>
[Trait("Category", "Privileged")]
public sealed class MonitorTests : IDisposable
{
    private readonly VethPair _pair = new();
    private readonly byte[] _frame = Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000);

    [Theory]
    [InlineData("C", "{0}: reading the monitor that runs on {1}, Ingress.")]
    [InlineData("zh_CN.UTF-8", "{0}：读取正在运行的监控（{1}，Ingress）。")]
    public void A_pinned_one_is_read_and_left_running(string locale, string message)
    {
        XdpMonitor pinned = _pair.StartMonitor(new MonitorOptions());
        _pair.Send(_frame, 2);
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 1000", ("LANG", locale));
        run.ReadLine();
        Assert.Equal(string.Format(null, message, _pair.Interface, HookPlan.Describe(pinned.Hook)), run.ReadLine());
        Assert.Equal(1, run.ReadSampleLine());
        _pair.Send(_frame, 3);
        Assert.Equal("10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=5 bytes=270", run.SkipToFlow());
        run.Signal("TERM");
        Assert.Equal(0, run.End().ExitCode);
        XdpMonitor after = _pair.FindMonitor();
        Assert.Equal((MonitorState.Running, pinned.LinkId, 5ul), (after.State, after.LinkId, after.Packets));
    }

    [Fact]
    public void What_a_pinned_one_counted_before_is_not_active_and_all_shows_it()
    {
        _pair.StartMonitor(new MonitorOptions());
        _pair.Send(_frame, 2);
        using CatchProcess active = new(_pair, $"-i {_pair.Interface} -t 500");
        active.WaitUntilLoaded();
        Assert.Equal([1, 2], [active.ReadSampleLine(), active.ReadSampleLine()]);
        using CatchProcess all = new(_pair, $"-i {_pair.Interface} -t 500 --all");
        all.WaitUntilLoaded();
        Assert.Equal(["10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=2 bytes=108"], all.ReadFlows(1));
    }

    [Theory]
    [InlineData("C", "{0}: reading the monitor that runs on {1}, Ingress. It keeps only: TrafficType UDP.")]
    [InlineData("zh_CN.UTF-8", "{0}：读取正在运行的监控（{1}，Ingress），其过滤条件：TrafficType UDP。")]
    public void What_a_pinned_one_leaves_out_is_said(string locale, string message)
    {
        XdpMonitor pinned = _pair.StartMonitor(new MonitorOptions { Filter = new FlowFilter { TrafficType = [TrafficType.UDP] } });
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -f tcp", ("LANG", locale));
        run.ReadLine();
        Assert.Equal(string.Format(null, message, _pair.Interface, HookPlan.Describe(pinned.Hook)), run.ReadLine());
    }

    [Theory]
    [InlineData(
        "C",
        "xtrace-catch: {0} is no longer watched: the interface is gone, or its program was detached. Start again when it is back.\n")]
    [InlineData("zh_CN.UTF-8", "xtrace-catch: {0} 不再被监控：接口已消失，或其程序已被卸下。接口恢复后请重新运行。\n")]
    public void An_interface_that_goes_ends_it_where_it_is_the_only_one(string locale, string message)
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 500", ("LANG", locale));
        run.WaitUntilLoaded();
        _pair.Run(() => Command.Run("ip", "link", "del", _pair.Interface));
        (int code, string output, string error) = run.End();
        Assert.Equal((1, string.Format(null, message, _pair.Interface)), (code, error));
        // On a busy machine more than one sample is taken before the interface is gone.
        Assert.All(output.TrimEnd().Split('\n'), line => Assert.NotNull(CatchProcess.NumberOf(line)));
    }

    public void Dispose() => _pair.Dispose();
}
