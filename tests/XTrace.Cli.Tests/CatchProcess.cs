using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace XTrace.Cli.Tests;

/// <summary>xtrace-catch as a process of its own, in the current namespace or a pair's.</summary>
internal sealed partial class CatchProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    static CatchProcess()
    {
        if (Repository.Run("make", "--question", $"out/{Name}").ExitCode != 0)
        {
            throw new InvalidOperationException($"out/{Name} is older than its sources: run 'make build' first.");
        }
    }

    internal const string Name = "xtrace-catch";

    /// <summary>Where the build puts it.</summary>
    internal static string Folder => Repository.PathOf("out");

    internal CatchProcess(VethPair? pair, string arguments, params (string Name, string Value)[] environment)
        : this([], Folder, pair, arguments, environment)
    {
    }

    /// <param name="under">The program, with its arguments, that is to run it: one that execs it, so that signals reach it.</param>
    /// <param name="folder">Where it lies.</param>
    /// <param name="pair">Whose namespace it runs in; null for the current one.</param>
    /// <param name="arguments">Its arguments, with spaces between them.</param>
    /// <param name="environment">Variables it is given.</param>
    internal CatchProcess(string[] under, string folder, VethPair? pair, string arguments, params (string Name, string Value)[] environment)
    {
        string[] command = [.. under, Path.Combine(folder, Name), .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] inherited =
        [
            "LC_ALL", "LC_MESSAGES", "LANG", "NETWORK_INTERFACE", "MONITOR_MODE", "NCCL_IB_HCA", "XTRACE_SYSFS_ROOT",
        ];
        foreach (string name in inherited)
        {
            start.Environment.Remove(name);
        }
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        _process = pair is null ? Process.Start(start)! : pair.Run(() => Process.Start(start)!);
    }

    internal string ReadLine() =>
        _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience).Result
            ?? throw new EndOfStreamException(_process.StandardError.ReadToEnd());

    /// <summary>Reads the line that begins a sample, and returns the sample's number.</summary>
    internal int ReadSampleLine()
    {
        string line = ReadLine();
        return NumberOf(line) ?? throw new InvalidDataException($"A sample was to begin here: {line}");
    }

    /// <summary>Reads the line that begins a sample, and so many more.</summary>
    internal string[] ReadFlows(int count)
    {
        ReadSampleLine();
        return [.. Enumerable.Range(0, count).Select(_ => ReadLine())];
    }

    /// <summary>Reads on to the line that begins the next sample.</summary>
    internal int SkipToSample()
    {
        int? number;
        do
        {
            number = NumberOf(ReadLine());
        }
        while (number == null);
        return number.Value;
    }

    /// <summary>Reads on to the next line of a flow.</summary>
    internal string SkipToFlow()
    {
        string line;
        do
        {
            line = ReadLine();
        }
        while (line.StartsWith('#'));
        return line;
    }

    /// <summary>The number of the sample that a line begins; null for every other line.</summary>
    internal static int? NumberOf(string line) =>
        SampleLine().Match(line) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^# \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} sample=(\d+)$")]
    private static partial Regex SampleLine();

    /// <summary>Reads the next line of standard error.</summary>
    internal string ReadError() => _process.StandardError.ReadLineAsync().WaitAsync(s_patience).Result ?? throw new EndOfStreamException();

    /// <summary>Waits until it watches: until this many interfaces were announced and attached.</summary>
    internal void WaitUntilLoaded(int interfaces = 1)
    {
        for (int line = 0; line < 2 * interfaces; line++)
        {
            ReadLine();
        }
    }

    /// <summary>The same where standard output is for objects only: so many lines on standard error.</summary>
    internal void WaitUntilNoted(int lines)
    {
        for (int line = 0; line < lines; line++)
        {
            ReadError();
        }
    }

    internal void Signal(string name) => Command.Run("kill", $"-{name}", $"{_process.Id}");

    internal (int ExitCode, string Output, string Error) End()
    {
        Task<string> error = _process.StandardError.ReadToEndAsync();
        string output = _process.StandardOutput.ReadToEndAsync().WaitAsync(s_patience).Result;
        Assert.True(_process.WaitForExit(s_patience));
        return (_process.ExitCode, output, error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }
}
