using System.Globalization;
using System.Text.RegularExpressions;

namespace XTrace.Cli.Tests;

[Collection("alone")]
[Trait("Category", "Machine")]
public sealed class PackageTests(Package package) : IClassFixture<Package>
{
    private static readonly string s_version = typeof(XdpMonitor).Assembly.GetName().Version!.ToString(3);

    [Fact]
    public void Lintian_has_nothing_to_say()
    {
        Assert.Equal((0, "", ""), Repository.Run("lintian", "--allow-root", "--fail-on=error,warning", package.File));
    }

    [Fact]
    public void It_says_what_it_is_and_needs()
    {
        string[] fields = Command.Run(
            "dpkg-deb", "--showformat=${Package} ${Version} ${Architecture}\n${Depends}\n", "--show", package.File).Split('\n');
        Assert.Equal($"xtrace {s_version} {Command.Run("dpkg", "--print-architecture").Trim()}", fields[0]);
        Assert.Matches(@"^libbpf1, libc6 \(>= [\d.]+\)$", fields[1]);
        Match version = Regex.Match(File.ReadAllText(Repository.PathOf("XTrace.psd1")), @"ModuleVersion\s*=\s*'(.*)'");
        Assert.Equal(s_version, version.Groups[1].Value);
    }

    [Fact]
    public void Make_deps_installs_what_is_missing_or_says_what_to_install()
    {
        string[] deps = package.Seen("deps").TrimEnd().Split('\n');
        Assert.Equal(("Installing libbpf-dev", "/usr/include/bpf/bpf_helpers.h"), (deps[0], deps[^1]));
        Assert.StartsWith(
            "The .NET SDK 10 is not installed: see https://dot.net/download",
            package.Seen("deps-without-dotnet"), StringComparison.Ordinal);
    }

    [Fact]
    public void Making_it_and_cleaning_leaves_the_tree_as_it_was()
    {
        string[] before = Repository.Run("git", "ls-files", "--cached", "--others", "--exclude-standard").Output.TrimEnd().Split('\n');
        // What was there before is a build's alone.
        string[] made =
        [
            .. Files(package.Tree).Except(before)
                .Where(file => !Regex.IsMatch(file, "(^|/)(bin|obj|TestResults)/|^(BENCH.json|testResults.xml)$")),
        ];
        Assert.All(made, file => Assert.StartsWith("out/", file, StringComparison.Ordinal));
        Assert.Contains($"out/{Path.GetFileName(package.File)}", made);
        string kept = Path.Combine(package.Tree, "kept.deb");
        File.Copy(package.File, kept);
        Command.Run("make", "-C", package.Tree, "clean");
        Assert.Equal(before.Append("kept.deb").Order(StringComparer.Ordinal), Files(package.Tree).Order(StringComparer.Ordinal));
        File.Delete(kept);
    }

    [Fact]
    public void It_installs_what_make_installs_with_what_it_depends_on()
    {
        Assert.Equal(2, package.Seen("status").Split('\n').Count(line => line == "Status: install ok installed"));
        string[] paths = package.Seen("list").TrimEnd().Split('\n');
        string[] files = [.. paths.Where(path => !paths.Any(other => other.StartsWith($"{path}/", StringComparison.Ordinal)))];
        Assert.Contains("/usr/bin/xtrace-catch", files);
        Assert.Contains("/lib/systemd/system/xtrace-catch@.service", files);
        string module = $"/usr/share/powershell/Modules/XTrace/{s_version}/";
        Assert.Equal(
            Files(Repository.PathOf("out/XTrace")).Order(StringComparer.Ordinal),
            files.Where(file => file.StartsWith(module, StringComparison.Ordinal)).Select(file => file[module.Length..])
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_it_installed_runs_without_dotnet()
    {
        Assert.Equal($"xtrace-catch {s_version}\n", package.Seen("version"));
        Assert.Equal("/usr/share/man/man1/xtrace-catch.1.gz\n", package.Seen("man"));
        Assert.Equal("complete -F _xtrace_catch xtrace-catch\n", package.Seen("completion"));
    }

    [Fact]
    public void Its_unit_is_well_formed_and_exposes_little()
    {
        Assert.Equal("", package.Seen("verify"));
        Match exposure = Regex.Match(package.Seen("security"), @"Overall exposure level for \S+: (\d+\.\d+) OK");
        Assert.InRange(double.Parse(exposure.Groups[1].Value, CultureInfo.InvariantCulture), 0, 1.2);
    }

    [Fact]
    public void Under_systemd_it_counts_with_three_capabilities_and_nothing_else()
    {
        Dictionary<string, string> status = package.Seen("process").TrimEnd().Split('\n').Select(line => line.Split(":\t", 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        const ulong Needed = 1ul << 12 | 1ul << 38 | 1ul << 39; // CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF in linux/capability.h
        Assert.All(
            ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"],
            set => Assert.Equal(Needed, ulong.Parse(status[set], NumberStyles.HexNumber, null)));
        Assert.Equal(("1", "2"), (status["NoNewPrivs"], status["Seccomp"]));
        Assert.DoesNotContain("0", status["Uid"].Split('\t'));
        Assert.Matches(@"(?m)^\d+ \d+ \S+ / / ro,", package.Seen("mounts"));
        string[] journal = package.Seen("journal").Split('\n');
        Assert.Equal(["Preparing to monitor network interface: wa", "TC program loaded on wa"], journal[1..3]);
        Assert.Contains(journal, line => Regex.IsMatch(line, @"^10\.7\.7\.2:\d+ -> 10\.7\.7\.1:9 proto=17 packets=1 bytes=45$"));
    }

    [Fact]
    public void Stopping_it_detaches()
    {
        string[] unit = package.Seen("unit").TrimEnd().Split('\n');
        Assert.Equal(
            ["ExecMainStatus=0", "NRestarts=0", "Result=success"],
            unit.Where(line => !line.StartsWith("ExecMainCode", StringComparison.Ordinal)).Order());
        Assert.DoesNotContain("xtrace", package.Seen("attached"), StringComparison.Ordinal);
        Assert.Contains("tc:", package.Seen("attached"), StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_it_leaves_nothing() => Assert.Equal(package.Seen("before"), package.Seen("after"));

    private static IEnumerable<string> Files(string root) =>
        Directory.GetFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file));
}
