using System.Diagnostics;

namespace XTrace.Cli.Tests;

/// <summary>Completion in a bash that somebody types into, with the files where 'make install' puts them.</summary>
[Collection("alone")]
public sealed class CompletionTests(Installation installed) : IClassFixture<Installation>, IDisposable
{
    private const string InsertAll = "\u001b*"; // readline's insert-completions, Alt+*
    private const string ToStart = "\u0001"; // beginning-of-line, Ctrl+A
    private const string Marker = "<xtrace-catch";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SysfsTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("--mo\t", "--mode")]
    [InlineData("--exc\t", "--exclude-dns")]
    [InlineData("-m nc\t", "-m nccl")]
    [InlineData("--mode=rd\t", "--mode=rdma")]
    [InlineData("-m \x1b*", "-m nccl rdma xdp")]
    [InlineData("-f ro\x1b*", "-f roce roce_v1 roce_v2")]
    [InlineData("--filter \x1b*", "--filter all ib roce roce_v1 roce_v2 tcp udp")]
    [InlineData("--attach-mode \x1b*", "--attach-mode auto generic native tc")]
    [InlineData("--direction e\t", "--direction egress")]
    public void Words_are_completed(string typed, string expected) => Assert.Equal(expected, Complete(typed));

    [Fact]
    public void Options_are_all_those_of_the_help()
    {
        string[] options =
        [
            .. Repository.Run(Repository.PathOf("out/xtrace-catch"), "--help").Output.Split('\n')
                .Where(line => line.StartsWith("  -", StringComparison.Ordinal))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .First(word => word.StartsWith("--", StringComparison.Ordinal))),
        ];
        Assert.True(options.Length >= 13);
        Assert.Equal(options.Order(StringComparer.Ordinal), Complete($"-{InsertAll}").Split(' ').Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void Interfaces_and_devices_are_those_there_are()
    {
        using VethPair pair = new(watchedEndHere: true);
        string start = pair.Interface[..^1];
        Assert.Equal($"-i {pair.Interface}", Complete($"-i {start}\t"));
        Assert.Equal($"-i lo,{pair.Interface}", Complete($"-i lo,{start}\t"));
        _tree.AddDevice("mlx5_0", "mlx5_core", "0000:3b:00.0");
        _tree.AddDevice("mlx5_1", "mlx5_core", "0000:3b:00.1");
        Assert.Equal("-d mlx5_0 mlx5_1", Complete($"-d {InsertAll}"));
        Assert.Equal("--device mlx5_0,mlx5_1", Complete("--device mlx5_0,mlx5_1\t"));
        Assert.Equal("-d ^mlx5_1", Complete("-d ^mlx5_1\t"));
    }

    [Fact]
    public void A_number_is_nobody_s_to_complete() => Assert.Equal("-t 1", Complete("-t 1\t"));

    /// <summary>What the line's arguments are once this was typed after the program's name.</summary>
    private string Complete(string typed)
    {
        ProcessStartInfo script = new("script", ["--quiet", "--echo", "never", "--command", "bash --noprofile --norc -i", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        script.Environment["XDG_DATA_DIRS"] = $"{installed.Root}/usr/share";
        script.Environment["PATH"] = $"{installed.Root}/usr/bin:{Environment.GetEnvironmentVariable("PATH")}";
        script.Environment["XTRACE_SYSFS_ROOT"] = _tree.Root;
        script.Environment["TERM"] = "dumb";
        script.Environment["HOME"] = installed.Root;
        using Process bash = Process.Start(script)!;
        bash.StandardInput.Write($"PS1= ; bind 'set enable-bracketed-paste off'; . /usr/share/bash-completion/bash_completion\n");
        bash.StandardInput.Write($"xtrace-catch {typed}{ToStart}printf '<%s' \n");
        bash.StandardInput.Write("echo '>'; exit\n");
        bash.StandardInput.Flush();
        string output = bash.StandardOutput.ReadToEndAsync().WaitAsync(s_patience).Result;
        Assert.True(bash.WaitForExit(s_patience));
        int start = output.LastIndexOf(Marker, StringComparison.Ordinal);
        Assert.True(start >= 0, output);
        return output[(start + Marker.Length)..].Split('>')[0].Replace('<', ' ').Trim();
    }
}

/// <summary>What 'make install' makes, in a folder of its own.</summary>
public sealed class Installation : IDisposable
{
    public Installation()
    {
        (int code, _, string error) = Repository.Run("make", "install", $"DESTDIR={Root}", "PREFIX=/usr");
        Assert.True(code == 0, error);
    }

    internal string Root { get; } = Directory.CreateTempSubdirectory("xtrace-installation-").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
