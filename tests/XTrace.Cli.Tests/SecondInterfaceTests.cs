using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Cli.Tests;

/// <summary>Several interfaces in one process: what fails on one is told, and the others go on.</summary>
[Trait("Category", "Privileged")]
public sealed class SecondInterfaceTests : IDisposable
{
    private const string Second = "second";

    private readonly VethPair _pair = new();
    private readonly string _both;

    public SecondInterfaceTests()
    {
        _both = $"-i {_pair.Interface},{Second}";
        _pair.AddQuietInterface(Second);
    }

    [Fact]
    public void Each_one_s_flows_follow_its_name()
    {
        using CatchProcess run = new(_pair, $"{_both} -t 1500");
        string[] start = [run.ReadLine(), run.ReadLine(), run.ReadLine(), run.ReadLine()];
        Assert.Equal(
            [
                $"Preparing to monitor network interface: {_pair.Interface}",
                $"TC program loaded on {_pair.Interface}",
                $"Preparing to monitor network interface: {Second}",
                $"TC program loaded on {Second}",
            ],
            start);
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        Assert.Equal([$"# {_pair.Interface}", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162", $"# {Second}"], run.ReadFlows(3));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void One_signal_ends_all(string signal)
    {
        using CatchProcess run = new(_pair, $"{_both} -t 3600000");
        run.WaitUntilLoaded(interfaces: 2);
        Assert.Equal([_pair.Interface, Second], _pair.Run(AttachedPrograms.Interfaces));
        run.Signal(signal);
        Assert.Equal((0, "", ""), run.End());
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void An_interface_given_twice_is_watched_once()
    {
        using CatchProcess run = new(_pair, $"-i {Second} -i {Second},{Second} -t 3600000");
        run.WaitUntilLoaded();
        run.Signal("TERM");
        Assert.Equal((0, "", ""), run.End());
    }

    [Fact]
    public void An_unknown_one_is_told_and_the_first_is_watched()
    {
        using CatchProcess run = new(_pair, $"-i nosuch0,{_pair.Interface} -t 1000 --once");
        run.WaitUntilLoaded();
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        Assert.Equal(["10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162"], run.ReadFlows(1));
        (int code, string output, string error) = run.End();
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("xtrace-catch: There is no network interface 'nosuch0'. There are: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void One_that_goes_is_told_and_the_other_goes_on()
    {
        using CatchProcess run = new(_pair, $"{_both} -t 500");
        run.WaitUntilLoaded(interfaces: 2);
        _pair.Run(() => Command.Run("ip", "link", "del", Second));
        Assert.Equal(
            $"xtrace-catch: {Second} is no longer watched: the interface is gone, or its program was detached. "
            + "Start again when it is back.",
            run.ReadError());
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        Assert.Equal("10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162", run.SkipToFlow());
        run.Signal("TERM");
        Assert.Equal(1, run.End().ExitCode);
    }

    [Fact]
    public void A_second_that_is_taken_is_told_stays_its_owner_s_and_the_first_is_watched()
    {
        MonitorOptions native = new() { Mode = AttachMode.Native };
        using FlowMonitor foreign = FlowMonitor.Create(native, points: 1, owner: null, _ => { });
        NetInterface second = _pair.Find(Second);
        _pair.Run(() => foreign.Attach(second, FlowDirection.Ingress, native.PlanFor(second, FlowDirection.Ingress), null, _ => { }));
        using CatchProcess run = new(_pair, $"{_both} --attach-mode native -t 500 --once");
        (int code, string output, string error) = run.End();
        Assert.Equal(1, code);
        Assert.StartsWith(
            $"Preparing to monitor network interface: {_pair.Interface}\nXDP program loaded on {_pair.Interface}\n# ",
            output, StringComparison.Ordinal);
        Assert.StartsWith($"xtrace-catch: {Second} already runs the XDP program 'xtrace_xdp'", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal([Second], _pair.Run(AttachedPrograms.Interfaces));
    }

    public void Dispose() => _pair.Dispose();
}
