
namespace XTrace.Cli.Tests;

[Trait("Category", "Privileged")]
public class SignalTests
{
    [Theory]
    [InlineData("INT", 0)]
    [InlineData("TERM", 0)]
    [InlineData("HUP", 0)]
    [InlineData("QUIT", 0)]
    [InlineData("USR1", 0)]
    [InlineData("KILL", 137)]
    public void A_signal_ends_it_and_nothing_stays_attached(string signal, int exitCode)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 3600000");
        Assert.Equal($"Preparing to monitor network interface: {pair.Interface}", run.ReadLine());
        Assert.Equal($"TC program loaded on {pair.Interface}", run.ReadLine());
        Assert.Equal([pair.Interface], pair.Run(AttachedPrograms.Interfaces));
        run.Signal(signal);
        Assert.Equal(exitCode, run.End().ExitCode);
        Assert.Empty(pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void A_reader_that_leaves_ends_it_at_once_and_nothing_stays_attached()
    {
        using VethPair pair = new();
        string[] pipe = ["bash", "-c", "\"$@\" | head -1; exit ${PIPESTATUS[0]}", "bash"];
        using CatchProcess run = new(pipe, CatchProcess.Folder, pair, $"-i {pair.Interface} -t 3600000");
        Assert.Equal((0, $"Preparing to monitor network interface: {pair.Interface}\n", ""), run.End());
        Assert.Empty(pair.Run(AttachedPrograms.Interfaces));
    }
}
