namespace XTrace.Cli.Tests;

public class ErrorTests
{
    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("--bogus", 2, "Unknown option '--bogus'.")]
    [InlineData("-t", 2, "-t needs a value.")]
    [InlineData("-t 99", 2, "Interval '99' is not valid: give milliseconds from 100 to 3600000.")]
    [InlineData("-t 3600001", 2, "Interval '3600001' is not valid")]
    [InlineData("-t abc", 2, "Interval 'abc' is not valid")]
    [InlineData("-t 200 -t 300", 2, "--interval may be given once.")]
    [InlineData("-f icmp", 2, "--filter cannot be 'icmp': use one of all, tcp")]
    [InlineData("-m rdma -d nosuch0", 1, "There is no RDMA device 'nosuch0'")]
    [InlineData("-m nccl -d ,", 2, "-d names no RDMA device.")]
    [InlineData("-m rdma -i ,", 2, "-i names no interface.")]
    [InlineData("-m rdma -f tcp", 2, "Mode rdma has no flows: leave out -f.")]
    [InlineData("-m nccl --exclude-dns", 2, "Mode nccl has no flows: leave out --exclude-dns.")]
    [InlineData("-m other", 2, "There is no mode 'other': use xdp, rdma or nccl.")]
    [InlineData("-m rdma --direction both", 2, "Mode rdma has no flows: leave out --direction.")]
    [InlineData("-m rdma --attach-mode tc", 2, "Mode rdma has no flows: leave out --attach-mode.")]
    [InlineData("-d mlx5_0", 2, "uses no RDMA device")]
    [InlineData("-i lo --direction egress --attach-mode native", 1, "XDP sees the frames that arrive at lo, and not those that leave it.")]
    [InlineData("-i lo --max-flow many", 2, "--max-flow cannot be 'many': give a number from 8 to 8388608.")]
    [InlineData("-i lo --max-flow 4", 2, "--max-flow cannot be '4': give a number from 8 to 8388608.")]
    [InlineData("-m rdma --max-flow 8", 2, "Mode rdma has no flows: leave out --max-flow.")]
    [InlineData("-m nccl --all", 2, "Mode nccl has no flows: leave out --all.")]
    [InlineData("-i lo --direction both --attach-mode other", 2, "--attach-mode cannot be 'other'")]
    [InlineData("--once=maybe", 2, "'maybe' is not an option.")]
    [InlineData("eth0", 2, "'eth0' is not an option. If it is a network interface, write: -i eth0.")]
    [InlineData("--eth0", 2, "Unknown option '--eth0'. Try")]
    [InlineData("--intreface lo", 2, "Unknown option '--intreface'. Did you mean '--interface'?")]
    [InlineData("--promisc", 2, "Unknown option '--promisc'. Did you mean '--promiscuous'?")]
    [InlineData("--filtr=tcp", 2, "Unknown option '--filtr=tcp'. Did you mean '--filter'?")]
    [InlineData("-i ,", 2, "-i names no interface.")]
    [InlineData("-i nosuch0", 1, "There is no network interface 'nosuch0'. There are: lo")]
    public void One_line_says_what_is_wrong(string arguments, int exitCode, string message)
    {
        using CatchProcess run = new(null, arguments);
        (int code, string output, string error) = run.End();
        Assert.Equal((exitCode, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
