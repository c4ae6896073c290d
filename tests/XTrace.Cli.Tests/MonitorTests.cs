using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>The monitor it reads: pinned by someone else, or gone with its interface.</summary>
[Trait("Category", "Privileged")]
public sealed class MonitorTests : IDisposable
{
    private readonly VethPair _pair = new();

    [Theory]
    [InlineData("C", "Reading the monitor that already runs on {0}, counts since it was started")]
    [InlineData("zh_CN.UTF-8", "{0} 上已有监控在运行, 读取其数据 (从它启动时累计)")]
    public void A_pinned_one_is_read_and_left_running(string locale, string message)
    {
        XdpMonitor pinned = _pair.Run(() => MonitorStore.Start(_pair.Interface, FlowDirection.Ingress, new MonitorOptions(), force: false, _ => { }));
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 2);
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 1000", ("LANG", locale));
        run.ReadLine();
        Assert.Equal(string.Format(null, message, _pair.Interface), run.ReadLine());
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        Assert.Equal("10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=5 bytes=270", run.ReadLine());
        run.Signal("TERM");
        Assert.Equal(0, run.End().ExitCode);
        XdpMonitor after = _pair.Run(() => MonitorStore.Find(_pair.Interface, FlowDirection.Ingress))!;
        Assert.Equal((MonitorState.Running, pinned.LinkId, 5ul), (after.State, after.LinkId, after.Packets));
    }

    [Theory]
    [InlineData("C", "Reading the monitor that already runs on {0}, counts since it was started, with the filter TrafficType UDP")]
    [InlineData("zh_CN.UTF-8", "{0} 上已有监控在运行, 读取其数据 (从它启动时累计, 过滤条件: TrafficType UDP)")]
    public void What_a_pinned_one_leaves_out_is_said(string locale, string message)
    {
        MonitorOptions options = new() { Filter = new FlowFilter { TrafficTypes = [TrafficType.UDP] } };
        _pair.Run(() => MonitorStore.Start(_pair.Interface, FlowDirection.Ingress, options, force: false, _ => { }));
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -f tcp", ("LANG", locale));
        run.ReadLine();
        Assert.Equal(string.Format(null, message, _pair.Interface), run.ReadLine());
    }

    [Theory]
    [InlineData("C", "xtrace-catch: The BPF program is no longer on {0}: the interface was removed, or someone detached it. Run again when it is back.\n")]
    [InlineData("zh_CN.UTF-8", "xtrace-catch: {0} 上的 BPF 程序已不在: 接口被删除, 或程序被卸下。接口恢复后请重新运行。\n")]
    public void An_interface_that_goes_ends_it(string locale, string message)
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 500", ("LANG", locale));
        run.WaitUntilLoaded();
        _pair.Run(() => Command.Run("ip", "link", "del", _pair.Interface));
        Assert.Equal((1, "", string.Format(null, message, _pair.Interface)), run.End());
    }

    public void Dispose() => _pair.Dispose();
}
