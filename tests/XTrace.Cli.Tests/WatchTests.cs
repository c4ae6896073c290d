using XTrace.Testbed;

namespace XTrace.Cli.Tests;

public class WatchTests
{
    [Fact]
    public void Known_frames_become_exact_lines()
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1500 --exclude-dns -f udp");
        run.ReadLine();
        run.ReadLine();
        pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000, payload: 58), 7);
        pair.Send(Frames.Udp4("10.0.0.1", 53, "10.0.0.2", 4000));
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        Assert.Equal("10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=7 bytes=700", run.ReadLine());
    }

    [Theory]
    [InlineData("tcp", "10.0.0.1:80 -> 10.0.0.2:4000 proto=6 packets=1 bytes=54")]
    [InlineData("udp", "10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=1 bytes=42")]
    [InlineData("roce", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    [InlineData("ib", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    [InlineData("roce_v2", "10.0.0.1:0 -> 10.0.0.2:194 proto=10 packets=1 bytes=58")]
    public void A_filter_lets_its_own_flows_through(string filter, string line)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface} -t 1000 -f {filter}");
        run.ReadLine();
        run.ReadLine();
        pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000));
        pair.Send(Frames.Tcp4("10.0.0.1", 80, "10.0.0.2", 4000));
        pair.Send(Frames.RoceV2("10.0.0.1", 5000, "10.0.0.2", 194, 10));
        Assert.Equal([line, line], [run.ReadLine(), run.ReadLine()]);
    }
}
