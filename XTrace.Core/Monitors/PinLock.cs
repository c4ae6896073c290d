using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Monitors;

/// <summary>Lets one process at a time start or stop monitors. The kernel lets go of it when the process dies.</summary>
internal sealed class PinLock : IDisposable
{
    private readonly int _fd;

    /// <summary>Waits for it. The BPF file system must be mounted.</summary>
    internal PinLock()
    {
        Directory.CreateDirectory(PinDirectory.Root);
        int flags = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Libc.OpenDirectoryArm64 : Libc.OpenDirectory;
        _fd = Libc.open(PinDirectory.Root, flags);
        if (_fd < 0)
        {
            throw new BpfException($"open {PinDirectory.Root}", Marshal.GetLastPInvokeError(), target: PinDirectory.Root);
        }
        while (Libc.flock(_fd, Libc.LockExclusive) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Errnos.EINTR)
            {
                _ = Libc.close(_fd);
                throw new BpfException($"lock {PinDirectory.Root}", error, target: PinDirectory.Root);
            }
        }
    }

    public void Dispose() => _ = Libc.close(_fd);
}
