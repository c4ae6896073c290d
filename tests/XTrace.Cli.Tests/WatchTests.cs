
namespace XTrace.Cli.Tests;

[Trait("Category", "Privileged")]
public class WatchTests
{
    [Fact]
    public void Known_frames_become_exact_lines()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1500 --exclude-dns -f udp");
        run.WaitUntilLoaded();
        pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000, payload: 58), 7);
        pair.Send(Frames.Udp4("10.0.0.1", 53, "10.0.0.2", 4000));
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        Assert.Equal(["10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=7 bytes=700"], run.ReadFlows(1));
    }

    [Fact]
    public void A_sample_has_the_flows_that_were_active_since_the_one_before()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1500");
        run.WaitUntilLoaded();
        pair.Send([Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000), Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000)]);
        Assert.Equal(1, run.ReadSampleLine());
        Assert.Equal(
            ["10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=1 bytes=42", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=1 bytes=54"],
            new[] { run.ReadLine(), run.ReadLine() }.Order(StringComparer.Ordinal));
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000), 2);
        Assert.Equal(2, run.ReadSampleLine());
        Assert.Equal("10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=3 bytes=162", run.ReadLine());
        Assert.Equal([3, 4], [run.ReadSampleLine(), run.ReadSampleLine()]);
    }

    /// <summary>The second goes before the first in TCX's row, and lets every frame pass.</summary>
    [Fact]
    public void Two_that_watch_the_same_interface_do_not_warn_of_each_other()
    {
        using VethPair pair = new();
        using CatchProcess first = new(pair, $"-i {pair.Interface} -t 200 --direction both");
        first.WaitUntilLoaded(2);
        using CatchProcess second = new(pair, $"-i {pair.Interface} -t 200 --direction both");
        second.WaitUntilLoaded(2);
        first.SkipToSample();
        first.SkipToSample();
        foreach (CatchProcess run in (CatchProcess[])[first, second])
        {
            run.Signal("INT");
            (int code, _, string error) = run.End();
            Assert.Equal((0, ""), (code, error));
        }
    }

    [Theory]
    [InlineData("tcp", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=1 bytes=54")]
    [InlineData("udp", "10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=1 bytes=42")]
    [InlineData("roce", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    [InlineData("ib", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    [InlineData("roce_v2", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    [InlineData("TCP", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=1 bytes=54")]
    public void A_filter_lets_its_own_flows_through(string filter, string line)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 -f {filter} --all");
        run.WaitUntilLoaded();
        pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000));
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        pair.Send(Frames.RoceV2("10.0.0.1", 5000, "10.0.0.2", 194, 10));
        Assert.Equal([line, line], [.. run.ReadFlows(1), .. run.ReadFlows(1)]);
    }

    [Fact]
    public void RoCE_v1_is_not_v2()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 -f roce_v1 --all");
        run.WaitUntilLoaded();
        pair.Send(Frames.RoceV2("10.0.0.1", 5000, "10.0.0.2", 194, 10));
        pair.Send(Frames.RoceV1("fe80::1", "fe80::2", 194, 10));
        const string Line = "[fe80::1]:0 -> [fe80::2]:194 proto=10 packets=1 bytes=70";
        Assert.Equal([Line, Line], [.. run.ReadFlows(1), .. run.ReadFlows(1)]);
    }

    [Fact]
    public void All_is_every_flow_there_is()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 -f all");
        run.WaitUntilLoaded();
        pair.Send(
        [
            Frames.Udp4("10.0.0.1", 53, "10.0.0.2", 4000),
            Frames.Icmp4("10.0.0.1", "10.0.0.2", 8, 0),
            Frames.Arp("10.0.0.1", "10.0.0.2"),
        ]);
        Assert.Equal(
            [
                "02:00:00:00:00:01 -> ff:ff:ff:ff:ff:ff proto=0x0806 packets=1 bytes=42",
                "10.0.0.1:0 -> 10.0.0.2:0 proto=1 packets=1 bytes=42",
                "10.0.0.1:53 -> 10.0.0.2:4000 proto=17 packets=1 bytes=42",
            ],
            run.ReadFlows(3).Order(StringComparer.Ordinal));
    }
}
