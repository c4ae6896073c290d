using System.Text.RegularExpressions;
using XTrace.Monitors;

namespace XTrace.Cli.Tests;

/// <summary>More flows than the table has room for: each is in a line, or in a warning.</summary>
[Trait("Category", "Privileged")]
public sealed class EvictionTests : IDisposable
{
    private const int Flows = 2000;

    private readonly VethPair _pair = new();
    private readonly byte[][] _frames =
        [.. Enumerable.Range(1, Flows).Select(port => Frames.Udp4("10.0.0.1", (ushort)port, "10.0.0.2", 7000))];

    [Fact]
    public void Flows_that_made_room_are_in_the_sample()
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} --max-flow 64 -t 3000 --once");
        run.WaitUntilLoaded();
        _pair.Send(_frames);
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(Flows, Packets(output));
    }

    [Fact]
    public void What_is_in_no_sample_is_said()
    {
        _pair.StartMonitor(new MonitorOptions { MaxFlow = 64 });
        // One reader at a time is told of ends: the second one only learns that there were some.
        using CatchProcess reader = new(_pair, $"-i {_pair.Interface} -t 3600000");
        reader.WaitUntilLoaded();
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 6000 --once");
        run.WaitUntilLoaded();
        // All are there before the sample: what stays in the table after it would be in none.
        _pair.Send(_frames);
        (int code, string output, string error) = run.End();
        Assert.Equal(0, code);
        // What arrives between the sample and the end is said in a line of its own.
        MatchCollection said = Regex.Matches(
            error,
            $@"^xtrace-catch: {_pair.Interface} \(Ingress\): the flow table was full\. (\d+) packets belong to flows that made room "
                + @"and are in no sample\. Give a larger --max-flow\.$",
            RegexOptions.Multiline);
        Assert.Equal(error.TrimEnd().Split('\n').Length, said.Count);
        Assert.Equal(Flows, Packets(output) + said.Sum(match => int.Parse(match.Groups[1].Value, null)));
    }

    public void Dispose() => _pair.Dispose();

    private static int Packets(string output) =>
        Regex.Matches(output, @" packets=(\d+) ").Sum(match => int.Parse(match.Groups[1].Value, null));
}
