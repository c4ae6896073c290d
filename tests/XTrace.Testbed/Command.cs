using System.Diagnostics;

namespace XTrace.Testbed;

/// <summary>Runs programs of the system. They start in the network namespace of the calling thread.</summary>
public static class Command
{
    /// <summary>Runs a program and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static string Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode}: {error.Result}{output}");
    }
}
