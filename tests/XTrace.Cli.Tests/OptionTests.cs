
namespace XTrace.Cli.Tests;

public class OptionTests
{
    private const string Eth0 = "eth0";

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    [InlineData("--bogus -t 1 --help")]
    public void Help_names_every_option_and_variable(string arguments)
    {
        using CatchProcess run = new(null, arguments);
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        Assert.All(
            [
                "-h, --help ", "-l, --list ", "--version ", "-m, --mode MODE ", "-i, --interface NAME", "-d, --device NAME",
                "-t, --interval MS ", "-f, --filter TYPE ", "--exclude-dns ", "NETWORK_INTERFACE", "MONITOR_MODE",
            ],
            text => Assert.Contains($"\n  {text}", output, StringComparison.Ordinal));
    }

    [Fact]
    public void Version_is_the_build_s()
    {
        using CatchProcess run = new(null, "--version");
        Assert.Equal((0, $"xtrace-catch {typeof(XdpMonitor).Assembly.GetName().Version!.ToString(3)}\n", ""), run.End());
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("-l")]
    [InlineData("--list")]
    public void List_shows_the_namespace_s_interfaces(string option)
    {
        using VethPair pair = new();
        pair.Run(() => Command.Run("ip", "address", "add", "192.0.2.7/24", "dev", pair.Interface));
        string mac = pair.Run(() => Command.Run("ip", "-br", "link", "show", "dev", pair.Interface))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        using CatchProcess run = new(pair, option);
        (int code, string output, string error) = run.End();
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("Network interfaces:", lines[0]);
        Assert.Equal(["lo", pair.Interface], lines[1..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Matches($" {pair.Interface} +Up +{mac} +192\\.0\\.2\\.7$", lines[2]);
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("", "", Eth0)]
    [InlineData("", "first", "first")]
    [InlineData("", "first,eth0", "first")]
    [InlineData("-i eth0", "first", Eth0)]
    [InlineData("--interface first", "nosuch0", "first")]
    public void The_interface_is_the_option_s_else_the_variable_s_else_eth0(string arguments, string variable, string watched)
    {
        using VethPair pair = new();
        pair.AddQuietInterface("first");
        pair.AddQuietInterface(Eth0);
        using CatchProcess run = new(pair, arguments, ("NETWORK_INTERFACE", variable));
        Assert.Equal($"Preparing to monitor network interface: {watched}", run.ReadLine());
    }

    [Theory]
    [InlineData("-d nosuch0", "rdma", 1, "There is no RDMA device 'nosuch0'")]
    [InlineData("", "other", 2, "There is no mode 'other'")]
    [InlineData("-m nccl -d nosuch0", "xdp", 1, "There is no RDMA device 'nosuch0'")]
    [InlineData("-m xdp -i nosuch0", "rdma", 1, "There is no network interface 'nosuch0'")]
    [InlineData("-i nosuch0", "", 1, "There is no network interface 'nosuch0'")]
    [InlineData("-m xdp -d mlx5_0", "", 2, "Mode xdp uses no RDMA device: leave out -d.")]
    public void The_mode_is_the_option_s_else_the_variable_s_else_xdp(string arguments, string variable, int exitCode, string message)
    {
        using CatchProcess run = new(null, arguments, ("MONITOR_MODE", variable));
        (int code, string output, string error) = run.End();
        Assert.Equal((exitCode, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }
}
