using System.Runtime.InteropServices;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>A veth pair between two network namespaces of its own; all gone, monitors too, with Dispose or a signal.</summary>
internal sealed class BenchPair : IDisposable
{
    private readonly VethPair _pair = new();
    private readonly PosixSignalRegistration[] _signals;
    private readonly Lock _removal = new();
    private bool _isRemoved;

    internal BenchPair() =>
        _signals =
        [
            .. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM])
                .Select(signal => PosixSignalRegistration.Create(signal, _ => Remove())),
        ];

    /// <summary>The watched end.</summary>
    internal string Interface => _pair.Interface;

    internal string PeerInterface => _pair.PeerInterface;

    internal string PeerNamespace => _pair.PeerNamespace;

    /// <summary>Runs something on a thread in the watched end's namespace; programs that it starts are there as well.</summary>
    internal T Run<T>(Func<T> function) => _pair.Run(function);

    /// <summary>Runs a program in the watched end's namespace.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    internal string RunInside(params string[] command) => Run(() => Command.Run(command[0], command[1..]));

    /// <summary>Runs a program in the peer's namespace.</summary>
    internal string RunAtPeer(params string[] command) => Command.Run("nsenter", [$"--net=/run/netns/{PeerNamespace}", .. command]);

    public void Dispose()
    {
        Array.ForEach(_signals, signal => signal.Dispose());
        Remove();
    }

    private void Remove()
    {
        lock (_removal)
        {
            if (!_isRemoved)
            {
                _isRemoved = true;
                _pair.Dispose();
            }
        }
    }
}
