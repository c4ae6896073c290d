using XTrace.Bpf;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>Several interfaces in one process: all of them, or none.</summary>
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
                $"Preparing to monitor network interface: {Second}",
                $"TC program loaded on {_pair.Interface}",
                $"TC program loaded on {Second}",
            ],
            start);
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 3);
        string[] sample = [run.ReadLine(), run.ReadLine(), run.ReadLine()];
        Assert.Equal([$"# {_pair.Interface}", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162", $"# {Second}"], sample);
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
    public void An_unknown_one_keeps_the_first_from_being_attached()
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface},nosuch0");
        (int code, string output, string error) = run.End();
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("xtrace-catch: There is no network interface 'nosuch0'. There are: ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void A_second_that_is_taken_detaches_the_first_and_stays_its_owner_s()
    {
        using FlowProgram foreign = FlowProgram.Load(new ProgramRequest { SetsPerCpu = 1 });
        using Attachment attachment = _pair.Run(() => XdpHook.Attach(foreign.Xdp, NetInterfaces.Get(Second), MonitorHook.XdpNative));
        using CatchProcess run = new(_pair, $"{_both} --attach-mode native");
        (int code, _, string error) = run.End();
        Assert.Equal(1, code);
        Assert.StartsWith($"xtrace-catch: {Second} already runs the XDP program 'xtrace_xdp'", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal([Second], _pair.Run(AttachedPrograms.Interfaces));
    }

    public void Dispose() => _pair.Dispose();
}
