using System.Text.RegularExpressions;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>Streams that are closed, and descriptors, memory and files that cannot be had: an error that says so, and no crash.</summary>
public partial class ShortageTests
{
    [Theory]
    [InlineData(">&-", "--list")]
    [InlineData(">&-", "--help")]
    [InlineData(">&-", "-i nosuch0")]
    [InlineData("1</dev/null", "--list")]
    public void A_closed_standard_output_is_an_error(string redirection, string arguments)
    {
        using CatchProcess run = new(["sh", "-c", $"exec \"$0\" \"$@\" {redirection}"], CatchProcess.Folder, null, arguments);
        Assert.Equal(
            (1, "", "xtrace-catch: Cannot write to standard output: it is closed. Redirect it to a file, or to /dev/null.\n"),
            run.End());
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("--list")]
    [InlineData("--help")]
    [InlineData("-i lo --once -t 100")]
    public void A_full_disk_is_an_error(string arguments)
    {
        using CatchProcess run = new(["sh", "-c", "exec \"$0\" \"$@\" >/dev/full"], CatchProcess.Folder, null, arguments);
        const string Full = "xtrace-catch: Cannot write to standard output: No space left on device. "
            + "Free space on the disk, or write the output elsewhere.\n";
        Assert.Equal((1, "", Full), run.End());
    }

    [Fact]
    public void Errors_that_nobody_can_read_end_nothing()
    {
        using CatchProcess run = new(["sh", "-c", "exec \"$0\" \"$@\" 2>/dev/full"], CatchProcess.Folder, null, "-i nosuch0");
        Assert.Equal((1, "", ""), run.End());
    }

    /// <summary>As for an interface that goes while the list is made: the kernel then no longer answers questions by its name.</summary>
    [Fact]
    [Trait("Category", "Privileged")]
    public void A_list_needs_no_answer_for_each_interface()
    {
        using VethPair pair = new();
        (int Code, string Output, string Error) List(params string[] through)
        {
            string[] words = ["nsenter", $"--net=/run/netns/{pair.Namespace}", .. through];
            using CatchProcess run = new(words, CatchProcess.Folder, null, "--list");
            return run.End();
        }
        (int Code, string Output, string Error) whole = List();
        Assert.Contains($" {pair.Interface} ", whole.Output, StringComparison.Ordinal);
        Assert.Equal(whole, List("strace", "-f", "-qqq", "-o", "/dev/null", "-e", "inject=ioctl:error=ENODEV"));
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData(
        "socket:error=EMFILE",
        "Cannot open a netlink socket: Too many open files (errno 24). Raise 'ulimit -n', or close files.")]
    [InlineData(
        "sendto:error=ENOBUFS",
        "Cannot ask the kernel through netlink: No buffer space available (errno 105). Free memory, and try again.")]
    public void A_list_that_the_kernel_refuses_is_an_error(string fault, string message)
    {
        using CatchProcess run = new(
            ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", $"inject={fault}"], CatchProcess.Folder, null, "--list");
        (int code, string _, string error) = run.End();
        Assert.Equal((1, $"xtrace-catch: {message}\n"), (code, error));
    }

    [Theory]
    [InlineData("2>&-", "--list", 0)]
    [InlineData("<&- 2>&-", "--list", 0)]
    [InlineData("2>&-", "-i nosuch0", 1)]
    [InlineData("<&- >&- 2>&-", "--list", 1)]
    public void Closed_streams_change_no_exit_code(string redirection, string arguments, int exitCode)
    {
        using CatchProcess run = new(["sh", "-c", $"exec \"$0\" \"$@\" {redirection}"], CatchProcess.Folder, null, arguments);
        (int code, string _, string error) = run.End();
        Assert.Equal((exitCode, ""), (code, error));
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData(
        "openat:error=EMFILE", "/proc/meminfo",
        "Cannot read /proc/meminfo: Too many open files. If descriptors or memory are short, raise 'ulimit -n'")]
    [InlineData(
        "openat:error=EMFILE", "/sys/devices/system/cpu/possible",
        "Cannot read /sys/devices/system/cpu/possible: Too many open files.")]
    [InlineData(
        "openat:error=EACCES", "/proc/meminfo",
        "Cannot read /proc/meminfo: permission denied. Run as root, or let this user read it.")]
    [InlineData("openat:error=EMFILE", "/proc/self/stat", "Cannot read /proc/self/stat: Too many open files.")]
    [InlineData("openat:error=ENOENT", "/proc/thread-self/status", "/proc/thread-self/status is not there. Mount what is missing:")]
    [InlineData("readlink:error=ENOENT", "/proc/thread-self/ns/net", "/proc/thread-self/ns/net is not there.")]
    public void A_file_of_the_kernel_that_cannot_be_read_is_named(string fault, string path, string message)
    {
        (int code, string _, string error) = RunWith(fault, "-P", path);
        Assert.Equal(1, code);
        Assert.Contains($"xtrace-catch: {message}", error, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("clone3:error=EAGAIN:when=3", "A resource is short: ")]
    [InlineData("pipe2:error=EMFILE:when=1", "A resource is short: Too many open files")]
    public void The_runtime_s_own_wants_are_told(string fault, string message)
    {
        (int code, string _, string error) = RunWith(fault);
        Assert.Equal(1, code);
        Assert.StartsWith($"xtrace-catch: {message}", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void OpenSSL_is_not_needed()
    {
        using CatchProcess run = new(["strace", "-f", "-e", "trace=openat"], CatchProcess.Folder, null, "-i lo --once -t 100");
        (int code, string _, string trace) = run.End();
        Assert.Equal(0, code);
        Assert.Contains("libbpf.so.1", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("libssl", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("libcrypto", trace, StringComparison.Ordinal);
    }

    /// <summary>Every call of a kind fails once, one call a run, from the first that the runtime's loader leaves to the program.</summary>
    [Theory]
    [Trait("Category", "Machine")]
    [InlineData("openat", "EMFILE")]
    [InlineData("socket", "EMFILE")]
    [InlineData("fcntl", "EMFILE")]
    [InlineData("epoll_create1", "EMFILE")]
    [InlineData("bpf", "ENOMEM")]
    [InlineData("bpf", "EPERM")]
    [InlineData("sendto", "ENOBUFS")]
    [InlineData("recvfrom", "ENOBUFS")]
    [InlineData("readlink", "EACCES")]
    [InlineData("getdents64", "ENOMEM")]
    [InlineData("flock", "ENOLCK")]
    [InlineData("write", "EIO")]
    public void No_call_that_fails_ends_in_a_crash(string call, string errno)
    {
        using CatchProcess counted = new(["strace", "-f", "-e", $"trace={call}"], CatchProcess.Folder, null, "-i lo --once -t 100");
        int calls = counted.End().Error.Split('\n').Count(line => Regex.IsMatch(line, $@"(^|\] ){call}\("));
        Assert.True(calls > 0);
        for (int when = 1; when <= calls; when++)
        {
            (int code, string output, string error) = RunWith($"{call}:error={errno}:when={when}");
            Assert.True(code is 0 or 1, $"{call} {when} of {calls}: {code}\n{output}{error}");
            Assert.DoesNotContain("Unhandled exception", error, StringComparison.Ordinal);
            Assert.True(code == 0 || OwnError().IsMatch(error), $"{call} {when} of {calls}: {error}");
        }
        Assert.DoesNotContain("xtrace", Command.Run("bpftool", "net", "show", "dev", "lo"), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^xtrace-catch: \S", RegexOptions.Multiline)]
    private static partial Regex OwnError();

    private static (int ExitCode, string Output, string Error) RunWith(string fault, params string[] more)
    {
        using CatchProcess run = new(
            ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", $"inject={fault}", .. more],
            CatchProcess.Folder, null, "-i lo --once -t 100");
        return run.End();
    }
}
