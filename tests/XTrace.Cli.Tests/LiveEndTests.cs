using System.Diagnostics;
using System.Runtime.InteropServices;

namespace XTrace.Cli.Tests;

/// <summary>The terminal after the live view, and where there is none.</summary>
[Trait("Category", "Privileged")]
public sealed class LiveEndTests : IDisposable
{
    /// <summary>A shell that, unlike an interactive one, sets nothing of the terminal itself. It says so when all is as before.</summary>
    private static string Around(string command) =>
        $"before=$(stty -g); {command}; code=$?; until [ \"$(stty -g)\" = \"$before\" ]; do sleep 0.1; done; echo \"ended $code\"; cat";

    private readonly VethPair _pair = new();

    public void Dispose() => _pair.Dispose();

    [Theory]
    [InlineData("q", 0)]
    [InlineData("F10", 0)]
    [InlineData("C-c", 0)]
    [InlineData("C-\\", 0)]
    [InlineData("TERM", 0)]
    [InlineData("HUP", 0)]
    [InlineData("USR1", 0)]
    [InlineData("KILL", 137)]
    [InlineData("ABRT", 134)]
    public void The_terminal_is_as_it_was_after(string end, int exitCode)
    {
        using TmuxPane pane = new(_pair, Around(TmuxPane.Live($"-i {_pair.Interface} -t 500")));
        pane.WaitFor("Flows: 0, conversations: 0");
        Assert.StartsWith("1 0 ", pane.State, StringComparison.Ordinal);
        if (end.Length > 2 && char.IsUpper(end[1]))
        {
            Command.Run("kill", $"-{end}", $"{pane.Child}");
        }
        else
        {
            pane.Type(end);
        }
        pane.WaitFor($"^ended {exitCode}$");
        Assert.Equal("0 1 1 000 00 0 0", pane.State);
        Assert.DoesNotContain(pane.Lines, line => line.Contains("XTrace", StringComparison.Ordinal));
        // The terminal echoes again what is typed.
        pane.Type("echoed");
        pane.WaitFor("^echoed$");
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    /// <summary>A window that hangs: what is written waits for a reader who does not come.</summary>
    [Fact]
    public void A_signal_ends_it_where_the_terminal_takes_nothing_more()
    {
        using TmuxPane pane = new(_pair, Around(TmuxPane.Live($"-i {_pair.Interface} -t 500")), 200, 50);
        pane.WaitFor("Flows: 0, conversations: 0");
        (string server, string process) = (pane.Server, $"/proc/{pane.Child}");
        Command.Run("kill", "-STOP", server);
        try
        {
            WaitUntil(() => IsStuck(process));
            Command.Run("kill", "-TERM", Path.GetFileName(process));
            WaitUntil(() => !Directory.Exists(process));
        }
        finally
        {
            Command.Run("kill", "-CONT", server);
        }
        pane.WaitFor("^ended 0$");
        Assert.Equal("0 1 1 000 00 0 0", pane.State);
        Assert.Empty(_pair.Run(AttachedPrograms.Interfaces));
    }

    /// <summary>
    /// Has a process draw all anew. Whether it waits until standard output takes what it writes, and a signal changes nothing of that:
    /// proc_pid_syscall(5).
    /// </summary>
    private static bool IsStuck(string process)
    {
        HashSet<string> calls = [];
        for (int i = 0; i < 4; i++)
        {
            Command.Run("kill", "-WINCH", Path.GetFileName(process));
            Thread.Sleep(100);
            calls.Add(File.ReadAllText($"{process}/syscall"));
        }
        string write = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "1 0x1 " : "64 0x1 ";
        return calls.Count == 1 && calls.Single().StartsWith(write, StringComparison.Ordinal);
    }

    private static void WaitUntil(Func<bool> isSo)
    {
        for (Stopwatch clock = Stopwatch.StartNew(); !isSo(); Thread.Sleep(100))
        {
            Assert.True(clock.Elapsed.TotalSeconds < 20);
        }
    }

    [Fact]
    public void Ctrl_Z_gives_the_terminal_to_the_shell_and_fg_takes_it_again()
    {
        using TmuxPane pane = new(_pair, "bash --norc --noprofile");
        pane.WaitFor("^bash-");
        pane.Type("stty -g", "Enter");
        string modes = pane.WaitFor("^[0-9a-f]+:[0-9a-f:]+$");
        pane.Type($"{TmuxPane.Live($"-i {_pair.Interface} -t 500")}", "Enter");
        pane.WaitFor("Flows: 0, conversations: 0");
        pane.Type("C-z");
        pane.WaitFor("Stopped");
        Assert.Equal("0 1 1 000 00 0 0", pane.State);
        pane.Type("clear; stty -g", "Enter");
        Assert.Equal(modes, pane.WaitFor("^[0-9a-f]+:[0-9a-f:]+$"));
        _pair.Send(Frames.Udp4("10.1.1.1", 1000, "10.9.9.9", 2000));
        pane.Type("fg", "Enter");
        pane.WaitFor(@"10\.1\.1\.1:1000");
        Assert.StartsWith("1 0 ", pane.State, StringComparison.Ordinal);
        pane.Type("q");
        pane.WaitUntil(lines => lines.Any(
            line => line.StartsWith("bash-", StringComparison.Ordinal) && line.EndsWith("fg", StringComparison.Ordinal)));
        Assert.Equal("0 1 1 000 00 0 0", pane.State);
        pane.Type("clear; stty -g", "Enter");
        Assert.Equal(modes, pane.WaitFor("^[0-9a-f]+:[0-9a-f:]+$"));
    }

    [Fact]
    public void An_interface_that_goes_ends_it_and_is_said_on_the_screen_of_before()
    {
        _pair.AddQuietInterface("second");
        using TmuxPane pane = new(_pair, Around(TmuxPane.Live("-i second -t 300")));
        pane.WaitFor("Flows: 0, conversations: 0");
        _pair.Run(() => Command.Run("ip", "link", "del", "second"));
        pane.WaitFor("^xtrace-catch: second is no longer watched");
        pane.WaitFor("^ended 1$");
        Assert.Equal("0 1 1 000 00 0 0", pane.State);
    }

    [Fact]
    public void An_unknown_interface_is_said_as_elsewhere()
    {
        using TmuxPane pane = new(_pair, Around(TmuxPane.Live("-i nosuch0")), 200);
        pane.WaitFor("^xtrace-catch: There is no network interface 'nosuch0'. There are: ");
        pane.WaitFor("^ended 1$");
    }

    [Theory]
    [InlineData(
        "C", "--live", 1,
        "xtrace-catch: The live view needs a terminal, and standard output is not one. To print lines, leave out --live.\n")]
    [InlineData("zh_CN.UTF-8", "--live", 1, "xtrace-catch: 实时视图需要终端，而标准输出不是终端。要按行输出，请去掉 --live。\n")]
    [InlineData("C", "--live --json", 2, "xtrace-catch: --live does not use --json: leave out one of them. Try 'xtrace-catch --help'.\n")]
    public void Where_there_is_no_terminal_it_says_what_to_use(string locale, string arguments, int exitCode, string error)
    {
        using CatchProcess run = new(_pair, $"{arguments} -i {_pair.Interface}", ("LANG", locale));
        Assert.Equal((exitCode, "", error), run.End());
    }

    [Fact]
    public void A_terminal_that_cannot_move_its_cursor_is_refused()
    {
        using TmuxPane pane = new(_pair, Around($"TERM=dumb {TmuxPane.Live($"-i {_pair.Interface}")}"), 200);
        pane.WaitFor("^xtrace-catch: The live view needs a terminal that can move its cursor");
        pane.WaitFor("^ended 1$");
    }
}
