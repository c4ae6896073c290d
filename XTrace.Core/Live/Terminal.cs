using System.Runtime.InteropServices;
using System.Text;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Live;

/// <summary>
/// The terminal of this process, while the live view has it: the other screen, no cursor, and keys that arrive one by one. It is given
/// back as it was when this is disposed, when a signal ends or stops the process, and by <see cref="TerminalGuard"/> when nothing else can.
/// </summary>
internal sealed unsafe class Terminal : IDisposable
{
    private const int Input = 0;
    private const int Output = 1;
    private const string EnterText = "\e[?1049h\e[?25l\e[0m\e[2J";
    private const string LeaveText = "\e[0m\e[?25h\e[?1049l";
    private const string LeaveTextOfGuard = @"\033[0m\033[?25h\033[?1049l";

    private static readonly string[] s_localeVariables = ["LC_ALL", "LC_CTYPE", "LANG"];

    /// <summary>How long a stop may take to happen. Where nobody could continue the process, the kernel does not stop it.</summary>
    private static readonly TimeSpan s_stopTime = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long the end of the process waits for what is being written. A terminal that nobody reads takes nothing more; then
    /// <see cref="TerminalGuard"/> restores it.
    /// </summary>
    private static readonly TimeSpan s_endTime = TimeSpan.FromMilliseconds(300);

    private readonly Lock _lock = new();
    private readonly int _input;
    private readonly TerminalModes _modes;
    private readonly TerminalModes _raw;
    private readonly ManualResetEventSlim _continued = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private PosixSignalRegistration? _stop;
    private TerminalGuard? _guard;
    private bool _isEntered;
    private volatile bool _isGone;
    private volatile bool _isLost;
    private volatile bool _wantsStop;
    private int _isChanged;

    private Terminal(int input, TerminalModes modes) => (_input, _modes, _raw) = (input, modes, modes.Raw());

    /// <summary>Whether the locale's characters are UTF-8: POSIX 8.2.</summary>
    internal static bool IsUtf8 => s_localeVariables
        .Select(Environment.GetEnvironmentVariable)
        .FirstOrDefault(value => !string.IsNullOrEmpty(value)) is { } locale
        && (locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("utf8", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether colours are wanted: no-color.org.</summary>
    internal static bool HasColour => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Whether the terminal went away, or was given back because a signal ends the process.</summary>
    internal bool IsGone => _isGone || _isLost;

    /// <summary>Finds the terminal, and changes nothing of it yet.</summary>
    /// <exception cref="XTraceException">Standard output is no terminal, or one that cannot move its cursor.</exception>
    internal static Terminal Find()
    {
        if (Libc.isatty(Output) == 0)
        {
            throw new XTraceException(LiveMessages.NoTerminal, null);
        }
        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            throw new XTraceException(LiveMessages.DumbTerminal, null);
        }
        int input = Libc.isatty(Input) != 0 ? Input : Libc.open("/dev/tty", Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        return TerminalModes.Read(input) is { } modes
            ? new Terminal(input, modes)
            : throw new XTraceException(LiveMessages.NoKeyboard, null);
    }

    /// <summary>Takes the terminal.</summary>
    internal void Enter()
    {
        AppDomain.CurrentDomain.ProcessExit += End;
        foreach (PosixSignal signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
        {
            _signals.Add(PosixSignalRegistration.Create(signal, _ => Lose()));
        }
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Change()));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Continue()));
        Take();
        CatchStop();
    }

    /// <summary>Columns and rows.</summary>
    internal static (int Width, int Height) Size =>
        Libc.ioctl_window(Output, Libc.GetWindowSize, out Libc.WindowSize size) == 0 && size.Columns > 0 && size.Rows > 0
            ? (size.Columns, size.Rows)
            : (80, 24);

    /// <summary>Does what signals have asked for since the last call, and stops the process where the user wants that.</summary>
    /// <returns>Whether everything must be drawn anew.</returns>
    internal bool Follow()
    {
        if (_wantsStop)
        {
            Stop();
        }
        bool isChanged = Interlocked.Exchange(ref _isChanged, 0) != 0;
        lock (_lock)
        {
            if (_isEntered && !IsGone && TerminalModes.Read(_input) is { } now && !now.IsSame(_raw))
            {
                // A shell that continues a job, and .NET when a child has ended, set what they think is right.
                _raw.Apply(_input);
            }
        }
        return isChanged;
    }

    /// <summary>The bytes that were typed since the last call.</summary>
    internal ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        Libc.PollDescriptor input = new() { Descriptor = _input, Events = Libc.PollIn };
        if (IsGone || Libc.poll(ref input, 1, 0) <= 0)
        {
            return [];
        }
        fixed (byte* start = buffer)
        {
            nint length = Libc.read(_input, start, (nuint)buffer.Length);
            bool isInterrupted = length < 0 && Marshal.GetLastPInvokeError() is Errnos.EINTR or Errnos.EAGAIN;
            _isGone |= length <= 0 && !isInterrupted;
            return length > 0 ? buffer[..(int)length] : [];
        }
    }

    /// <summary>Writes, unless the terminal was given back.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_isEntered)
            {
                WriteAll(bytes);
            }
        }
    }

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= End;
        _stop?.Dispose();
        _signals.ForEach(signal => signal.Dispose());
        Leave();
        if (_input != Input)
        {
            _ = Libc.close(_input);
        }
        _continued.Dispose();
    }

    private void Take()
    {
        lock (_lock)
        {
            if (!_isEntered && !_isLost)
            {
                _guard = TerminalGuard.Start(Output, _modes, LeaveTextOfGuard);
                _raw.Apply(_input);
                WriteAll(Encoding.ASCII.GetBytes(EnterText));
                _isEntered = true;
                Change();
            }
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            Restore();
        }
    }

    /// <summary>The caller holds <see cref="_lock"/>.</summary>
    private void Restore()
    {
        if (_isEntered)
        {
            _isEntered = false;
            WriteAll(Encoding.ASCII.GetBytes(LeaveText));
            _modes.Apply(_input);
            _guard?.Dispose();
            _guard = null;
        }
    }

    private void End(object? sender, EventArgs arguments) => Lose();

    /// <summary>The process ends, or should: nothing is drawn any more.</summary>
    private void Lose()
    {
        _isLost = true;
        if (!_lock.TryEnter(s_endTime))
        {
            return;
        }
        try
        {
            if (TakesMore((int)s_endTime.TotalMilliseconds))
            {
                Restore();
            }
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void Change() => Interlocked.Exchange(ref _isChanged, 1);

    private void CatchStop() => _stop = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, signal =>
    {
        signal.Cancel = true;
        _wantsStop = true;
    });

    /// <summary>Stops as a process without a handler does, so that the shell takes the terminal. Returns when it is continued.</summary>
    private void Stop()
    {
        Leave();
        _stop?.Dispose();
        _continued.Reset();
        Libc.StopSelf();
        _continued.Wait(s_stopTime);
        _wantsStop = false;
        CatchStop();
        Take();
    }

    /// <summary>Somebody may have drawn while the process was stopped.</summary>
    private void Continue()
    {
        _continued.Set();
        Write(Encoding.ASCII.GetBytes(EnterText));
        Change();
    }

    /// <summary>Whether the terminal takes output within so many milliseconds; -1 waits for it.</summary>
    private static bool TakesMore(int milliseconds)
    {
        Libc.PollDescriptor output = new() { Descriptor = Output, Events = Libc.PollOut };
        return Libc.poll(ref output, 1, milliseconds) > 0;
    }

    private void WriteAll(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int written = 0;
            while (written < bytes.Length && !_isGone)
            {
                nint length = Libc.write(Output, start + written, (nuint)(bytes.Length - written));
                written += (int)Math.Max(length, 0);
                int error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error == Errnos.EAGAIN)
                {
                    _ = TakesMore(-1);
                }
                _isGone |= error is not (0 or Errnos.EAGAIN or Errnos.EINTR);
            }
        }
    }
}
