
namespace XTrace.Cli.Tests;

/// <summary>Interfaces that match a wildcard of -i come and go while it runs.</summary>
[Trait("Category", "Privileged")]
public sealed class WildcardTests : IDisposable
{
    private readonly VethPair _pair = new();

    [Fact]
    public void One_that_appears_is_watched_and_one_that_goes_is_no_failure()
    {
        _pair.AddQuietInterface("port1");
        using CatchProcess run = new(_pair, "-i port[0-9] -t 300");
        Assert.Equal(["Preparing to monitor network interface: port1", "TC program loaded on port1"], [run.ReadLine(), run.ReadLine()]);
        _pair.AddQuietInterface("port2");
        string line;
        while ((line = run.ReadLine()) != "Preparing to monitor network interface: port2")
        {
            Assert.NotNull(CatchProcess.NumberOf(line));
        }
        Assert.Equal("TC program loaded on port2", run.ReadLine());
        // The sample that found it was taken before.
        Assert.Equal(run.SkipToSample() + 1, run.ReadSampleLine());
        Assert.Equal(["# port1", "# port2"], [run.ReadLine(), run.ReadLine()]);
        _pair.Run(() => Command.Run("ip", "link", "del", "port1"));
        Assert.Equal("xtrace-catch: port1 is gone. This sample has its last flows.", run.ReadError());
        _pair.Run(() => Command.Run("ip", "link", "del", "port2"));
        Assert.Equal("xtrace-catch: port2 is gone. This sample has its last flows.", run.ReadError());
        _pair.AddQuietInterface("port3");
        while ((line = run.ReadLine()) != "TC program loaded on port3")
        {
            Assert.DoesNotContain("->", line, StringComparison.Ordinal);
        }
        Assert.Equal(["port3"], _pair.Run(AttachedPrograms.Interfaces));
        run.Signal("TERM");
        (int code, _, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void It_waits_for_the_first_one()
    {
        using CatchProcess run = new(_pair, "-i port? -t 300");
        Assert.Equal(1, run.ReadSampleLine());
        _pair.AddQuietInterface("port1");
        while (run.ReadLine() is var line && line != "Preparing to monitor network interface: port1")
        {
            Assert.NotNull(CatchProcess.NumberOf(line));
        }
        run.Signal("TERM");
        Assert.Equal(0, run.End().ExitCode);
    }

    [Fact]
    public void It_stands_beside_names()
    {
        _pair.AddQuietInterface("port1");
        using CatchProcess run = new(_pair, $"-i {_pair.Interface},port? -t 1500");
        run.WaitUntilLoaded(interfaces: 2);
        _pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        Assert.Equal([$"# {_pair.Interface}", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=1 bytes=54", "# port1"], run.ReadFlows(3));
    }

    public void Dispose() => _pair.Dispose();
}
