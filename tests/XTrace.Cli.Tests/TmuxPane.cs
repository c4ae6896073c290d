using System.Diagnostics;
using System.Globalization;

namespace XTrace.Cli.Tests;

/// <summary>A terminal that tests type into and read: a tmux server of its own with one pane, gone when disposed.</summary>
internal sealed class TmuxPane : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static int s_count;

    private readonly string _socket = $"xtrace-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";

    /// <param name="pair">Whose namespace it is in; null for the current one.</param>
    /// <param name="command">What runs in it, for sh.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="environment">Variables it is given; the locale is C.UTF-8 where they do not say otherwise.</param>
    internal TmuxPane(VethPair? pair, string command, int width = 80, int height = 24, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(
            "tmux",
            ["-u", "-L", _socket, "-f", "/dev/null", "new-session", "-d", "-x", $"{width}", "-y", $"{height}", command]);
        string[] inherited =
        [
            "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "NETWORK_INTERFACE", "MONITOR_MODE", "NCCL_IB_HCA", "XTRACE_SYSFS_ROOT",
            "NO_COLOR", "TMUX",
        ];
        foreach (string name in inherited)
        {
            start.Environment.Remove(name);
        }
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["TERM"] = "xterm-256color";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        using Process process = pair is null ? Process.Start(start)! : pair.Run(() => Process.Start(start)!);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>The program as the build made it, with its arguments.</summary>
    internal static string Live(string arguments) => $"{CatchProcess.Folder}/{CatchProcess.Name} --live {arguments}";

    /// <summary>The visible lines.</summary>
    internal string[] Lines => Tmux("capture-pane", "-p").TrimEnd('\n').Split('\n');

    /// <summary>The same with colours.</summary>
    internal string Colours => Tmux("capture-pane", "-p", "-e");

    /// <summary>The terminal's state, which it keeps after a program ends: the screen, cursor, autowrap, mouse and keypad.</summary>
    internal string State => Tmux(
        "display-message", "-p",
        "#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag}#{mouse_standard_flag}#{mouse_button_flag} "
        + "#{keypad_flag}#{keypad_cursor_flag} #{insert_flag} #{origin_flag}").Trim();

    /// <summary>The process that the pane's shell waits for.</summary>
    internal int Child
    {
        get
        {
            string shell = Tmux("display-message", "-p", "#{pane_pid}").Trim();
            return int.Parse(File.ReadAllText($"/proc/{shell}/task/{shell}/children").Split(' ')[0], CultureInfo.InvariantCulture);
        }
    }

    internal void Type(params string[] keys) => Tmux(["send-keys", .. keys]);

    internal void Resize(int width, int height) => Tmux("resize-window", "-x", $"{width}", "-y", $"{height}");

    /// <summary>The server, which reads what is written to the terminal.</summary>
    internal string Server => Tmux("display-message", "-p", "#{pid}").Trim();

    /// <summary>Waits until a line is seen that matches.</summary>
    internal string WaitFor(string pattern)
    {
        string? found = null;
        WaitUntil(
            lines => (found = Array.Find(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, pattern))) is not null,
            pattern);
        return found!;
    }

    /// <summary>Waits until what is seen is as a test wants it.</summary>
    internal void WaitUntil(Predicate<string[]> isMeant, string what = "")
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (Lines is var lines && !isMeant(lines))
        {
            if (clock.Elapsed > s_patience)
            {
                throw new TimeoutException($"Not seen: {what}\n{string.Join('\n', lines)}");
            }
            Thread.Sleep(50);
        }
    }

    public void Dispose() => Tmux("kill-server");

    private string Tmux(params string[] arguments)
    {
        ProcessStartInfo start = new("tmux", ["-u", "-L", _socket, .. arguments]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
