using System.Diagnostics;
using System.Text.RegularExpressions;

namespace XTrace.Cli.Tests;

/// <summary>What make offers, as far as it does not build.</summary>
[Collection("alone")]
public sealed class MakeTests : IDisposable
{
    /// <summary>Runs a command as a user whom sudo lets do all; nobody else sees the file that says so.</summary>
    private const string OrdinaryUser =
        "mount -t tmpfs -o mode=755 none /etc/sudoers.d && (umask 337 && echo '#65534 ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/xtrace) "
        + "&& exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly SysfsTree _tree = new();
    private readonly string _root = Directory.CreateTempSubdirectory("xtrace-install-").FullName;

    public void Dispose()
    {
        _tree.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData]
    [InlineData("help")]
    public void Help_lists_every_target_in_one_column(params string[] arguments)
    {
        string[] lines = Make(arguments).Split('\n');
        Match[] listed = [.. lines.Select(line => Regex.Match(line, "^  make ([a-z-]+) +(?=[A-Z])")).Where(match => match.Success)];
        string[] targets =
        [
            .. File.ReadLines(Repository.PathOf("Makefile")).Where(line => line.StartsWith(".PHONY:", StringComparison.Ordinal))
                .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..])
                .Where(target => !target.StartsWith("need-", StringComparison.Ordinal)),
        ];
        string[] promised =
        [
            "help", "deps", "build", "run", "run-with-interface", "run-rdma", "run-nccl", "interfaces", "info", "clean",
            "check", "test", "test-all", "test-vm", "faults", "bench", "install", "uninstall", "deb",
        ];
        Assert.Empty(promised.Except(targets));
        Assert.Equal(targets.Order(), listed.Select(match => match.Groups[1].Value).Order());
        Assert.Single(listed.Select(match => match.Length).Distinct());
    }

    [Fact]
    public void Interfaces_are_those_that_xtrace_catch_lists()
    {
        using CatchProcess list = new(null, "--list");
        Assert.Equal(list.End().Output, Make("interfaces"));
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData]
    [InlineData("sudo", "-n")]
    public void Info_has_a_line_for_everything(params string[] under)
    {
        (int code, string output, string error) = RunUnder(under, "make", "--no-print-directory", "info");
        Assert.Equal((0, ""), (code, error));
        Dictionary<string, string> lines = output.TrimEnd().Split('\n').ToDictionary(line => line[..14].TrimEnd(), line => line[15..]);
        Assert.Equal(
            [
                "Kernel", "Architecture", "Distribution", "clang", "dotnet", "pwsh", "bpftool", "make", "libbpf", "BTF", "bpffs",
                "Capabilities", "RDMA",
            ],
            lines.Keys);
        Assert.Equal(Command.Run("uname", "-r").Trim(), lines["Kernel"]);
        Assert.Equal(Command.Run("uname", "-m").Trim(), lines["Architecture"]);
        Assert.All(["clang", "dotnet", "make", "libbpf"], tool => Assert.Matches(@"^\d+\.\d+", lines[tool]));
        Assert.Equal(File.Exists("/sys/kernel/btf/vmlinux") ? "/sys/kernel/btf/vmlinux" : "none; not needed", lines["BTF"]);
        Assert.Equal("CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN: may watch flows", lines["Capabilities"]);
    }

    /// <summary>More than fits into a pipe: a tool that nobody hears out fails.</summary>
    [Fact]
    public void Info_hears_a_tool_out()
    {
        string tool = Path.Combine(_root, "bpftool");
        File.WriteAllText(tool, "#!/bin/bash\nset -e\necho one v7.5.1 two 3\nfor i in {1..20000}; do echo $i.0; done\n");
        Command.Run("chmod", "755", tool);
        (int code, string output, _) = Repository.Run("bash", "-c", $"PATH={_root}:$PATH exec ./info.sh");
        Assert.Equal(0, code);
        Assert.Equal(["bpftool        7.5.1"], output.Split('\n').Where(line => line.StartsWith("bpftool ", StringComparison.Ordinal)));
        Assert.DoesNotContain(output.Split('\n'), line => line.StartsWith("not installed", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void Info_says_what_to_do_about_what_is_missing()
    {
        string bare = Path.Combine(_root, "bin");
        Directory.CreateDirectory(bare);
        foreach (string tool in new[] { "awk", "basename", "dirname", "grep", "readlink", "realpath", "sed", "stat", "uname", "ldconfig" })
        {
            string found = Command.Run("bash", "-c", $"PATH=$PATH:/sbin:/usr/sbin; command -v {tool}").Trim();
            File.CreateSymbolicLink(Path.Combine(bare, tool), found);
        }
        const string Script = """
            mount -t tmpfs none /sys/fs/bpf; mount -t tmpfs none /sys/kernel/btf
            mount --bind /dev/null /etc/os-release
            # What the loader would find is then not there.
            mount --bind "$1/ldconfig-of-another-machine" "$(realpath "$1/bin/ldconfig")"
            PATH=$1/bin exec setpriv --bounding-set=-bpf --inh-caps=-all /bin/bash -c "$(sed 's,^PATH=.*,,' info.sh)"
            """;
        File.WriteAllText(Path.Combine(_root, "ldconfig-of-another-machine"), "#!/bin/sh\nexit 0\n");
        Command.Run("chmod", "755", Path.Combine(_root, "ldconfig-of-another-machine"));
        File.CreateSymbolicLink(Path.Combine(bare, "setpriv"), "/usr/bin/setpriv");
        (int code, string output, string error) = Repository.Run("unshare", "-m", "bash", "-ec", Script, "bash", _root);
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n');
        Assert.All(
            [
                @"^Distribution +unknown: /etc/os-release does not say$",
                "^clang +not installed: make deps$",
                "^dotnet +not installed: .*https://dot.net/download",
                "^pwsh +not installed: .*https://aka.ms/powershell",
                "^bpftool +not installed: not needed; ",
                "^make +not installed: apt-get install make$",
                "^libbpf +libbpf.so.1 is not installed: apt-get install libbpf1 ",
                "^BTF +none; not needed$",
                "^bpffs +not mounted: .*mount -t bpf bpf /sys/fs/bpf$",
                "^Capabilities +missing: CAP_BPF. Watching flows needs them: use sudo$",
                "^RDMA +none: the kernel has no RDMA device, or its driver is not loaded$",
            ],
            pattern => Assert.Contains(lines, line => Regex.IsMatch(line, pattern)));
    }

    [Fact]
    public void Info_names_RDMA_devices_with_their_drivers()
    {
        AddDevice();
        (_, string output, _) = Repository.Run("env", $"XTRACE_SYSFS_ROOT={_tree.Root}", "make", "info");
        Assert.Matches(@"\nRDMA +mlx5_0 \(mlx5_core\) *\n", output);
    }

    [Theory]
    [InlineData("run-rdma", "Monitoring RDMA: mlx5_0")]
    [InlineData("run-nccl", "Monitoring NCCL RDMA: mlx5_0")]
    public void RDMA_modes_run_with_a_device_and_an_interface(string target, string first)
    {
        AddDevice();
        string[] lines = RunUntilInterrupted(1, ["env", $"XTRACE_SYSFS_ROOT={_tree.Root}"], target, "DEVICE=mlx5_0", "INTERFACE=ibs8f0");
        Assert.StartsWith(first, lines[0], StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("run-rdma", "DEVICE=nosuch0", "There is no RDMA device 'nosuch0'")]
    [InlineData("run-nccl", "INTERFACE=nosuch0", "There is no RDMA device")]
    [InlineData("run", "INTERFACE=nosuch0", "There is no network interface 'nosuch0'. There are: lo")]
    [InlineData("run-with-interface", "INTERFACE=nosuch0", "There is no network interface 'nosuch0'. There are: lo")]
    [InlineData("run-with-interface", "", "Say which: make run-with-interface INTERFACE=<name>. There are: lo")]
    public void What_is_missing_is_said_in_a_line(string target, string argument, string message)
    {
        string[] arguments = [target, .. argument.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        (int code, string output, string error) = Repository.Run("make", arguments);
        Assert.NotEqual(0, code);
        Assert.Equal("", output);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("run", "NETWORK_INTERFACE", new[] { "env" })]
    [InlineData("run", "NETWORK_INTERFACE", new[] { "sudo", "-n", "env" })]
    [InlineData("run-with-interface", "INTERFACE", new[] { "sudo", "-n", "env" })]
    [InlineData("run", "NETWORK_INTERFACE", new[] { "unshare", "-m", "bash", "-c", OrdinaryUser, "bash", "env" })]
    [InlineData("run-with-interface", "INTERFACE", new[] { "unshare", "-m", "bash", "-c", OrdinaryUser, "bash", "env" })]
    public void Flows_are_watched_as_root_and_through_sudo(string target, string variable, string[] under)
    {
        using VethPair pair = new(watchedEndHere: true);
        string[] lines = RunUntilInterrupted(2, [.. under, $"{variable}={pair.Interface}"], target);
        Assert.Equal([$"Preparing to monitor network interface: {pair.Interface}", $"TC program loaded on {pair.Interface}"], lines);
        Assert.Empty(AttachedPrograms.On(pair.Interface));
    }

    [Theory]
    [InlineData("/usr/local")]
    [InlineData("/opt/x trace")]
    public void Uninstall_removes_what_install_installed_and_nothing_else(string prefix)
    {
        string foreign = $"{_root}{prefix}/share/powershell/Modules/XTrace/0.0.1/XTrace.psd1";
        Directory.CreateDirectory(Path.GetDirectoryName(foreign)!);
        File.WriteAllText(foreign, "");
        Make("install", $"DESTDIR={_root}", $"PREFIX={prefix}");
        string version = typeof(XdpMonitor).Assembly.GetName().Version!.ToString(3);
        string module = $"share/powershell/Modules/XTrace/{version}";
        string staged = Repository.PathOf("out/XTrace");
        Assert.Equal(
            Directory.GetFiles(staged, "*", SearchOption.AllDirectories).Select(file => $"{module}/{Path.GetRelativePath(staged, file)}")
                .Concat(["bin/xtrace-catch", "share/man/man1/xtrace-catch.1", "share/bash-completion/completions/xtrace-catch"])
                .Append("lib/systemd/system/xtrace-catch@.service")
                .Concat(["bin/xtrace-exporter", "share/man/man1/xtrace-exporter.1", "share/bash-completion/completions/xtrace-exporter"])
                .Append("lib/systemd/system/xtrace-exporter.service")
                .Append("share/powershell/Modules/XTrace/0.0.1/XTrace.psd1").Order(StringComparer.Ordinal),
            Files(_root + prefix));
        string unit = File.ReadAllText($"{_root}{prefix}/lib/systemd/system/xtrace-catch@.service");
        Assert.Contains($"\nExecStart=\"{prefix}/bin/xtrace-catch\" ", unit, StringComparison.Ordinal);
        Assert.Equal($"xtrace-catch {version}\n", Command.Run($"{_root}{prefix}/bin/xtrace-catch", "--version"));
        Make("install", $"DESTDIR={_root}", $"PREFIX={prefix}");
        Make("uninstall", $"DESTDIR={_root}", $"PREFIX={prefix}");
        Assert.Equal(["share/powershell/Modules/XTrace/0.0.1/XTrace.psd1"], Files(_root + prefix));
        Make("uninstall", $"DESTDIR={_root}", $"PREFIX={prefix}");
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void An_ordinary_user_is_told_to_use_sudo()
    {
        string folder = Path.Combine(_root, "locked");
        Directory.CreateDirectory(folder);
        (int code, _, string error) = Repository.Run(
            "setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
            "make", "install", $"PREFIX={folder}");
        Assert.NotEqual(0, code);
        Assert.Contains($"{folder} is not yours to write: run 'sudo make install'", error, StringComparison.Ordinal);
    }

    private static string Make(params string[] arguments)
    {
        (int code, string output, string error) = Repository.Run("make", ["--no-print-directory", .. arguments]);
        Assert.Equal((0, ""), (code, error));
        return output;
    }

    /// <summary>A target that runs until Ctrl+C, which comes after its first lines.</summary>
    private static string[] RunUntilInterrupted(int lines, string[] under, params string[] arguments)
    {
        // Ctrl+C goes to the whole process group.
        ProcessStartInfo start = new("setsid", [.. under, "make", "--no-print-directory", .. arguments])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
        };
        using Process make = Process.Start(start)!;
        string?[] first = [.. Enumerable.Range(0, lines).Select(_ => make.StandardOutput.ReadLineAsync().WaitAsync(s_patience).Result)];
        Command.Run("kill", "-INT", "--", $"-{make.Id}");
        Assert.True(make.WaitForExit(s_patience));
        return first!;
    }

    private static (int ExitCode, string Output, string Error) RunUnder(string[] under, params string[] command)
    {
        string[] all = [.. under, .. command];
        return Repository.Run(all[0], all[1..]);
    }

    private void AddDevice()
    {
        string port = _tree.AddPort(_tree.AddDevice("mlx5_0", "mlx5_core", "0000:3b:00.0"));
        _tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", "ibs8f0");
    }

    private static IEnumerable<string> Files(string root) =>
        Directory.GetFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file))
            .Order(StringComparer.Ordinal);
}
