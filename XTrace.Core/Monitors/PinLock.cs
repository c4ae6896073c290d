using System.Diagnostics;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Monitors;

/// <summary>
/// Lets one process at a time start or stop monitors. The kernel lets go of it when the process dies. Only the owner can
/// open the locked folder, so no other user can hold the lock.
/// </summary>
internal sealed class PinLock : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    private readonly int _fd;

    /// <summary>Waits for it. The BPF file system must be mounted.</summary>
    /// <exception cref="XTraceException">Another process has held it for too long, or the folder is not to be trusted.</exception>
    internal PinLock()
    {
        BpfFileSystem.CreateFolder(PinFolder.Root);
        if (!TryLock(PinFolder.Root, s_deadline, out _fd))
        {
            throw new XTraceException(FlowMessages.MonitorsBusy, PinFolder.Root, PinFolder.Root, s_deadline.TotalSeconds);
        }
    }

    private PinLock(int fd) => _fd = fd;

    /// <summary>Takes it if nobody has it; null where another process does.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The monitors are another user's.</exception>
    internal static PinLock? TryTake() => TryLock(PinFolder.Root, TimeSpan.Zero, out int fd) ? new PinLock(fd) : null;

    /// <summary>Locks a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="deadline">How long it may take.</param>
    /// <param name="held">The descriptor that holds the lock. It is -1 without one: its number may be another's by then.</param>
    /// <returns>False where another process has held it for all the time.</returns>
    internal static bool TryLock(string folder, TimeSpan deadline, out int held)
    {
        held = -1;
        int fd = Libc.open(folder, Machine.Current.OpenDirectory | Machine.Current.OpenNoFollow | Libc.OpenCloseOnExec);
        if (fd < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw error == Errnos.EACCES
                ? new UnauthorizedAccessException($"Access to the path '{folder}' is denied.")
                : new BpfException(KernelOperation.Open(folder), error, target: folder);
        }
        long start = Stopwatch.GetTimestamp();
        while (Libc.flock(fd, Libc.LockExclusive | Libc.LockNonBlocking) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is not (Errnos.EAGAIN or Errnos.EINTR))
            {
                _ = Libc.close(fd);
                throw new BpfException(KernelOperation.Lock(folder), error, target: folder);
            }
            if (Stopwatch.GetElapsedTime(start) >= deadline)
            {
                _ = Libc.close(fd);
                return false;
            }
            Thread.Sleep(s_step);
        }
        held = fd;
        return true;
    }

    public void Dispose() => _ = Libc.close(_fd);
}
