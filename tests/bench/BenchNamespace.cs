using System.Diagnostics;
using System.Runtime.InteropServices;
using XTrace.Monitors;

namespace XTrace.Bench;

/// <summary>A network namespace with a veth pair, and whatever monitors are pinned there. All gone with Dispose, or a signal.</summary>
internal sealed class BenchNamespace : IDisposable
{
    private readonly string _name = $"xtrace-bench-{Environment.ProcessId}";
    private readonly PosixSignalRegistration[] _signals;
    private readonly Lock _removal = new();

    internal BenchNamespace()
    {
        _signals = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM]).Select(signal => PosixSignalRegistration.Create(signal, _ => Remove()))];
        try
        {
            Run("ip", "netns", "add", _name);
            Run("nsenter", $"--net=/run/netns/{_name}", "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
            Run("ip", "-n", _name, "link", "add", Interface, "type", "veth", "peer", "name", Peer);
            Run("ip", "-n", _name, "link", "set", Interface, "up");
            Run("ip", "-n", _name, "link", "set", Peer, "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Carries the process's id, so that its pins can be told from others'.</summary>
    internal static string Interface { get; } = $"xtb{Environment.ProcessId}a";

    internal static string Peer { get; } = $"xtb{Environment.ProcessId}b";

    /// <summary>What is pinned for Interface.</summary>
    internal static PinDirectory Pins => PinDirectory.Everywhere().Single(pins => pins.InterfaceName == Interface);

    /// <summary>Runs a program in the namespace.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    internal string RunInside(params IEnumerable<string> command) => Run("nsenter", [$"--net=/run/netns/{_name}", .. command]);

    public void Dispose()
    {
        Array.ForEach(_signals, signal => signal.Dispose());
        Remove();
    }

    private void Remove()
    {
        lock (_removal)
        {
            foreach (PinDirectory pins in PinDirectory.Everywhere().Where(pins => pins.InterfaceName == Interface || pins.InterfaceName == Peer))
            {
                pins.Remove();
            }
            if (File.Exists($"/run/netns/{_name}"))
            {
                Run("ip", "netns", "del", _name);
            }
        }
    }

    private static string Run(string program, params IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' failed with exit code {process.ExitCode}.");
    }
}
