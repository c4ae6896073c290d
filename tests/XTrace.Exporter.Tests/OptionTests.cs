using System.Text.RegularExpressions;

namespace XTrace.Exporter.Tests;

/// <summary>Options, variables, and the documents that name them.</summary>
public partial class OptionTests
{
    private static readonly string s_program = Repository.PathOf("out/xtrace-exporter");

    [Theory]
    [InlineData("", "Nothing says where to export to")]
    [InlineData("--ipfix collector", "'collector' is no collector's address")]
    [InlineData("--ipfix http://collector", "is no collector's address")]
    [InlineData("--ipfix udp://user@collector", "is no collector's address")]
    [InlineData("--ipfix udp://collector:0", "is no collector's address")]
    [InlineData("--ipfix udp://collector/path", "is no collector's address")]
    [InlineData("--ipfix ,", "--ipfix names no collector")]
    [InlineData("--ipfix udp://a --ipfix-mtu 511", "--ipfix-mtu cannot be '511': give a number from 512 to 9000")]
    [InlineData("--ipfix udp://a --idle-timeout 0", "--idle-timeout cannot be '0'")]
    [InlineData("--ipfix udp://a --exclude ,", "--exclude names no interface")]
    [InlineData("--ipfix udp://a --max-flow 1", "--max-flow cannot be '1': give a number from 8 to 8388608.")]
    [InlineData("--ipfix udp://a --nothing", "Unknown option '--nothing'")]
    [InlineData("--ipfix tls://a --tls-ca /nowhere.pem", "Cannot read /nowhere.pem")]
    public void What_is_wrong_is_said_with_what_to_do(string arguments, string said)
    {
        (int code, string output, string error) = Repository.Run(s_program, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Contains("Try 'xtrace-exporter --help'", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("XTRACE_IPFIX=udp://a", "XTRACE_IPFIX_MTU=9", "XTRACE_IPFIX_MTU cannot be '9'")]
    [InlineData("XTRACE_IPFIX=a", "XTRACE_INTERVAL=1000", "'a' is no collector's address")]
    [InlineData("XTRACE_IPFIX=udp://a", "XTRACE_EXCLUDE_DNS=perhaps", "XTRACE_EXCLUDE_DNS cannot be 'perhaps': give true or false")]
    [InlineData("XTRACE_IPFIX=udp://a", "XTRACE_DIRECTION=up", "XTRACE_DIRECTION cannot be 'up': use one of ingress, egress, both")]
    public void Variables_stand_for_options(string first, string second, string said)
    {
        (int code, _, string error) = Repository.Run("env", first, second, s_program);
        Assert.Equal(2, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void A_log_on_a_full_disk_ends_nothing()
    {
        string command = $"exec {s_program} -i lo --ipfix udp://127.0.0.1:9 2>/dev/full";
        Assert.Equal(0, Repository.Run("timeout", "--preserve-status", "--signal=TERM", "3", "sh", "-c", command).ExitCode);
    }

    /// <summary>.NET waits for all sockets with one descriptor, and never asks for it again where it could not have it.</summary>
    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("--metrics", "127.0.0.1:9431")]
    [InlineData("--ipfix", "tcp://127.0.0.1:9")]
    public void Sockets_that_cannot_be_had_are_an_error_at_the_start(string option, string value)
    {
        (int code, _, string error) = Repository.Run(
            "strace", "-f", "-qqq", "-o", "/dev/null", "-e", "inject=epoll_create1:error=EMFILE", s_program, "-i", "lo", option, value);
        Assert.Equal(1, code);
        Assert.StartsWith("xtrace-exporter: A resource is short: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_comes_before_variables()
    {
        (int code, _, string error) = Repository.Run(
            "env", "XTRACE_IPFIX=nothing", "XTRACE_BUFFER=0", s_program, "--ipfix", "other", "--buffer", "1");
        Assert.Equal(2, code);
        Assert.Contains("'other' is no collector's address", error, StringComparison.Ordinal);
    }

    /// <summary>A service that may watch nothing must not seem to run.</summary>
    [Fact]
    [Trait("Category", "Privileged")]
    public void Without_rights_it_ends_and_says_which_are_missing()
    {
        (int code, _, string error) = Repository.Run(
            "setpriv", "--bounding-set=-bpf,-perfmon,-net_admin,-sys_admin", s_program, "-i", "lo", "--ipfix", "udp://127.0.0.1");
        Assert.Equal(1, code);
        Assert.Contains("CAP_BPF", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C", "Counts the flows")]
    [InlineData("zh_CN.UTF-8", "用法：xtrace-exporter")]
    public void Help_is_in_the_locale_s_language(string locale, string said)
    {
        (int code, string output, _) = Repository.Run("env", $"LC_ALL={locale}", s_program, "--help");
        Assert.Equal(0, code);
        Assert.Matches(said, output);
    }

    [Fact]
    public void The_man_page_is_well_formed_and_has_the_options_of_the_help_in_its_words()
    {
        string source = Repository.PathOf("XTrace.Exporter/xtrace-exporter.1");
        Assert.Equal((0, "", ""), Repository.Run("mandoc", "-T", "lint", "-W", "warning", source));
        (_, string rendered, _) = Repository.Run("env", "LC_ALL=C.UTF-8", "mandoc", "-T", "utf8", "-O", "width=500", source);
        string page = Words(Struck().Replace(rendered, ""));
        string[] help =
        [
            .. Repository.Run(s_program, "--help").Output.Split('\n').Where(line => line.StartsWith("  -", StringComparison.Ordinal)),
        ];
        Assert.True(help.Length > 20);
        foreach (string line in help)
        {
            string option = line[2..34].TrimEnd();
            Assert.Contains(Words($"{option} {line[35..]}."), page, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void Completion_knows_the_options_words()
    {
        string script = $"""
            . /usr/share/bash-completion/bash_completion; . {Repository.PathOf("XTrace.Exporter/xtrace-exporter.bash")}
            complete_line() {"{"}
            COMP_LINE="$*" COMP_POINT=${"{#COMP_LINE}"} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _xtrace_exporter "$1"; echo "${"{COMPREPLY[*]}"}"; {"}"}
            complete_line {s_program} --direction e
            complete_line {s_program} --ipfix-m
            complete_line {s_program} --exclude lo,l
            """;
        string[] lines = Repository.Run("bash", "-c", script).Output.Split('\n');
        Assert.Equal(["egress", "--ipfix-mtu", "lo,lo"], lines[..3]);
    }

    private static string Words(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    /// <summary>Bold and underlined characters are struck over.</summary>
    [GeneratedRegex(".\b")]
    private static partial Regex Struck();
}
