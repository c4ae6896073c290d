namespace XTrace.Cli.Tests;

public class ErrorTests
{
    [Theory]
    [InlineData("--bogus", 2, "Unknown option '--bogus'.")]
    [InlineData("-t", 2, "-t needs a value.")]
    [InlineData("-t 99", 2, "Interval '99' is not valid: give milliseconds from 100 to 3600000.")]
    [InlineData("-t 3600001", 2, "Interval '3600001' is not valid")]
    [InlineData("-t abc", 2, "Interval 'abc' is not valid")]
    [InlineData("-t 200 -t 300", 2, "--interval may be given once.")]
    [InlineData("-f icmp", 2, "--filter cannot be 'icmp': use one of all, tcp")]
    [InlineData("-m rdma", 1, "does not have mode rdma yet")]
    [InlineData("-m nccl", 1, "does not have mode nccl yet")]
    [InlineData("-m other", 2, "There is no mode 'other'")]
    [InlineData("-d mlx5_0", 2, "uses no RDMA device")]
    [InlineData("-i ,", 2, "-i names no interface.")]
    [InlineData("-i nosuch0", 1, "There is no network interface 'nosuch0'. There are: lo")]
    public void One_line_says_what_is_wrong(string arguments, int exitCode, string message)
    {
        using CatchProcess run = new(null, arguments);
        (int code, _, string error) = run.End();
        Assert.Equal(exitCode, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
