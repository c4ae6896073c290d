using System.Diagnostics;

namespace XTrace.Exporter.Tests;

/// <summary>A program that runs beside the test, in the watched end's namespace. What it says is kept.</summary>
internal class Child : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly string _name;

    internal Child(VethPair pair, string program, params string[] arguments)
    {
        _name = program;
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("XTRACE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }
        start.Environment["LC_ALL"] = "C";
        _process = pair.Run(() => Process.Start(start)!);
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal int Id => _process.Id;

    /// <summary>What it said until now.</summary>
    internal string[] Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Waits until it says something like that.</summary>
    internal string WaitFor(string part) =>
        WaitUntil(() => Lines.FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal)), part);

    /// <summary>Waits until something is there.</summary>
    internal T WaitUntil<T>(Func<T?> find, string what)
        where T : class
    {
        Stopwatch time = Stopwatch.StartNew();
        T? found;
        while ((found = find()) is null)
        {
            if (time.Elapsed > s_patience || _process.HasExited)
            {
                throw new TimeoutException($"{_name}: no '{what}' in:\n{string.Join('\n', Lines.TakeLast(30))}");
            }
            Thread.Sleep(50);
        }
        return found;
    }

    internal void Signal(string name) => Command.Run("kill", $"-{name}", $"{_process.Id}");

    internal void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits for its end.</summary>
    internal int End()
    {
        Assert.True(_process.WaitForExit(s_patience), $"{_name} does not end: {string.Join('\n', Lines.TakeLast(30))}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_lines)
            {
                _lines.Add(line.Data);
            }
        }
    }
}
