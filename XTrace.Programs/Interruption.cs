using System.Runtime.InteropServices;

namespace XTrace.Programs;

/// <summary>
/// Stops a session when a signal comes that would end the process. The session itself waits between its samples; this only
/// tells it to stop.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>Signals that .NET has no name for and that end a process which does not handle them: signal(7).</summary>
    private static readonly int[] s_numbers =
    [
        10, // SIGUSR1
        12, // SIGUSR2
        14, // SIGALRM
        24, // SIGXCPU
        26, // SIGVTALRM
        27, // SIGPROF
        29, // SIGIO
        30, // SIGPWR
    ];

    private static readonly PosixSignal[] s_signals =
    [
        PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT,
        .. s_numbers.Select(number => (PosixSignal)number),
    ];

    private readonly PosixSignalRegistration[] _registrations;
    private readonly TimeSpan _grace;
    private readonly Action _stop;
    private readonly Action? _abandon;

    /// <summary>Make it before anything is attached, so that no signal falls between.</summary>
    /// <param name="grace">How long the process may still take after a signal.</param>
    /// <param name="stop">Makes the session's wait return false. Called from another thread, perhaps more than once.</param>
    /// <param name="abandon">
    /// Takes back what would stay in the kernel after the process. Called from another thread if the process does not come
    /// to its end by itself: the reader of a full pipe may never go on.
    /// </param>
    internal Interruption(TimeSpan grace, Action stop, Action? abandon = null)
    {
        (_grace, _stop, _abandon) = (grace, stop, abandon);
        _registrations = [.. s_signals.Select(signal => PosixSignalRegistration.Create(signal, Stop))];
    }

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _stop();
        Thread.Sleep(_grace);
        _abandon?.Invoke();
        Environment.Exit(0);
    }
}
