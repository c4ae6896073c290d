namespace XTrace.Exporter.Tests;

/// <summary>xtrace-exporter as a process of its own, in the watched end's namespace.</summary>
internal sealed class ExporterProcess : Child
{
    private const string Name = "xtrace-exporter";

    static ExporterProcess()
    {
        if (Repository.Run("make", "--question", $"out/{Name}").ExitCode != 0)
        {
            throw new InvalidOperationException($"out/{Name} is older than its sources: run 'make build' first.");
        }
    }

    internal ExporterProcess(VethPair pair, string arguments)
        : base(pair, Repository.PathOf($"out/{Name}"), arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
    {
    }

    /// <summary>Starts it, and waits until it watches.</summary>
    internal static ExporterProcess Start(VethPair pair, string arguments)
    {
        ExporterProcess exporter = new(pair, $"-i {pair.Interface} {arguments}");
        exporter.WaitUntil(
            () => exporter.Lines.FirstOrDefault(line => line.Contains("Watching", StringComparison.Ordinal)
                || line.Contains("reading the monitor", StringComparison.Ordinal)),
            "Watching");
        return exporter;
    }

    /// <summary>Ends it as systemd does.</summary>
    internal void Stop()
    {
        Signal("TERM");
        Assert.True(End() == 0, string.Join('\n', Lines));
    }
}
