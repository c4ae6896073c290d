using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace XTrace.Testbed;

/// <summary>The tree that the tests are part of.</summary>
public static class Repository
{
    public static string Root { get; } = Path.GetFullPath($"{Path.GetDirectoryName(SourcePath())}/../..");

    public static string PathOf(string file) => Path.Combine(Root, file);

    /// <summary>Runs a program there, and returns how it ended and what it printed.</summary>
    public static (int ExitCode, string Output, string Error) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // 'make test' hands these down to the makes that it starts. They are not meant for this program.
        string[] handedDown =
        [
            "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "INTERFACE", "DEVICE", "KERNEL", "PREFIX", "DESTDIR", "NETWORK_INTERFACE",
            "MONITOR_MODE", "LANG", "LC_ALL",
        ];
        foreach (string name in handedDown)
        {
            start.Environment.Remove(name);
        }
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
