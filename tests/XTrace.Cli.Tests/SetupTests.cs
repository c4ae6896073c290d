using XTrace.Monitors;

namespace XTrace.Cli.Tests;

/// <summary>What the machine grants or lacks: rights, libbpf, the kernel's type information.</summary>
[Trait("Category", "Privileged")]
public sealed class SetupTests : IDisposable
{
    private const string Needed = "+bpf,+perfmon,+net_admin";

    private readonly VethPair _pair = new();

    [Fact]
    public void Without_rights_it_names_them()
    {
        string error = Refusal(["setpriv", "--bounding-set=-all"]);
        Assert.StartsWith(
            "xtrace-catch: Watching flows needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, which this process lacks.",
            error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bpf", "CAP_BPF")]
    [InlineData("perfmon", "CAP_PERFMON")]
    [InlineData("net_admin", "CAP_NET_ADMIN")]
    public void Of_rights_it_names_the_one_that_is_missing(string missing, string name)
    {
        string error = Refusal(["setpriv", $"--bounding-set=-all,{Needed},-{missing}"]);
        Assert.StartsWith($"xtrace-catch: Watching flows needs {name}, which this process lacks.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_user_needs_those_three_only() => AsAnotherUser(AssertCounts);

    [Fact]
    public void Another_user_s_monitor_of_the_interface_stays()
    {
        XdpMonitor pinned = _pair.StartMonitor(new MonitorOptions { Mode = AttachMode.Native });
        AsAnotherUser((under, folder) =>
        {
            using CatchProcess run = new(under, folder, _pair, $"-i {_pair.Interface} --attach-mode native");
            (int code, _, string error) = run.End();
            Assert.Equal(1, code);
            Assert.StartsWith(
                $"xtrace-catch: {_pair.Interface} already runs the XDP program id {pinned.ProgramId}, which stays.",
                error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd().Split('\n'));
        });
        Assert.Equal([_pair.Interface], _pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void Another_user_s_monitor_of_another_interface_is_no_hindrance()
    {
        _pair.AddQuietInterface("another");
        _pair.StartMonitor(new MonitorOptions(), "another");
        AsAnotherUser(AssertCounts);
    }

    [Theory]
    [InlineData("C", "libbpf.so.1 is not installed. Install it: 'apt-get install libbpf1'")]
    [InlineData("zh_CN.UTF-8", "没有安装 libbpf.so.1。请安装：'apt-get install libbpf1'")]
    public void Without_libbpf_it_says_what_to_install(string locale, string message)
    {
        // The loader looks in these folders, one after the other.
        string machine = Repository.Run("uname", "-m").Output.Trim();
        string[] folders = ["/lib", "/usr/lib", $"/lib/{machine}-linux-gnu", $"/usr/lib/{machine}-linux-gnu"];
        string error = Refusal(
            [
                "strace", "-f", "-qqq", "-o", "/dev/null", "-e", "inject=openat:error=ENOENT",
                .. folders.SelectMany(folder => (string[])["-P", $"{folder}/libbpf.so.1"]),
            ],
            ("LANG", locale));
        Assert.StartsWith($"xtrace-catch: {message}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_kernel_s_type_information_it_counts_all_the_same() => AssertCounts(
        InOwnMounts("mount -t tmpfs none /sys/kernel/btf; [ ! -e /sys/kernel/btf/vmlinux ]"), CatchProcess.Folder);

    public void Dispose() => _pair.Dispose();

    private static void AsAnotherUser(Action<string[], string> action) => AnotherUser.Run(Needed, action);

    private static string[] InOwnMounts(string script) => ["unshare", "-m", "bash", "-c", $"set -e; {script}; exec \"$@\"", "bash"];

    /// <summary>The one line it says before it ends in failure.</summary>
    private string Refusal(string[] under, params (string Name, string Value)[] environment)
    {
        using CatchProcess run = new(under, CatchProcess.Folder, _pair, $"-i {_pair.Interface}", environment);
        (int code, string output, string error) = run.End();
        Assert.Equal((1, ""), (code, output));
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
        // strace tells which links it followed.
        return Assert.Single(error.TrimEnd().Split('\n'), line => !line.StartsWith("strace: ", StringComparison.Ordinal));
    }

    private void AssertCounts(string[] under, string folder)
    {
        using CatchProcess run = new(under, folder, _pair, $"-i {_pair.Interface} -t 1000");
        run.WaitUntilLoaded();
        _pair.Send(Frames.Udp4("10.0.0.1", 443, "10.0.0.2", 4000), 5);
        Assert.Equal(["10.0.0.1:443 -> 10.0.0.2:4000 proto=17 packets=5 bytes=210"], run.ReadFlows(1));
        run.Signal("TERM");
        Assert.Equal(0, run.End().ExitCode);
        Assert.DoesNotContain(_pair.Interface, _pair.Run(AttachedPrograms.Interfaces));
    }
}
