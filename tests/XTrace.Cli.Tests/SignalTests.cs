using XTrace.Testbed;

namespace XTrace.Cli.Tests;

public class SignalTests
{
    [Theory]
    [InlineData("INT", 0)]
    [InlineData("TERM", 0)]
    [InlineData("KILL", 137)]
    public void A_signal_ends_it_and_nothing_stays_attached(string signal, int exitCode)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 3600000");
        Assert.Equal($"Preparing to monitor network interface: {pair.Interface}", run.ReadLine());
        Assert.Equal($"XDP program loaded on {pair.Interface}", run.ReadLine());
        Assert.Contains("\"xdp\"", Links(pair), StringComparison.Ordinal);
        run.Signal(signal);
        Assert.Equal(exitCode, run.End().ExitCode);
        Assert.DoesNotContain("\"xdp\"", Links(pair), StringComparison.Ordinal);
    }

    private static string Links(VethPair pair) => pair.Run(() => Command.Run("ip", "-j", "link"));
}
