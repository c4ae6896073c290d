using System.Diagnostics;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>xtrace-catch as a process of its own, in the current namespace or a pair's.</summary>
internal sealed class CatchProcess : IDisposable
{
    private readonly Process _process;

    internal CatchProcess(VethPair? pair, string arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new("dotnet", $"{Path.Combine(AppContext.BaseDirectory, "xtrace-catch.dll")} {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in new[] { "LC_ALL", "LC_MESSAGES", "LANG", "NETWORK_INTERFACE", "MONITOR_MODE" })
        {
            start.Environment.Remove(name);
        }
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        _process = pair is null ? Process.Start(start)! : pair.Run(() => Process.Start(start)!);
    }

    internal string ReadLine() => _process.StandardOutput.ReadLine() ?? throw new EndOfStreamException(_process.StandardError.ReadToEnd());

    internal void Signal(string name) => Command.Run("kill", $"-{name}", $"{_process.Id}");

    internal (int ExitCode, string Output, string Error) End()
    {
        string output = _process.StandardOutput.ReadToEnd();
        string error = _process.StandardError.ReadToEnd();
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(10)));
        return (_process.ExitCode, output, error);
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
