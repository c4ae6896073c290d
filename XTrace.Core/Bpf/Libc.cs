using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>Imports from the C library that the BCL has no call for.</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, BpfHandle fd, nint offset);

    [LibraryImport(Library)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(BpfHandle fd, int command, int argument);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int open(string path, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int statx(int folder, string path, int flags, uint mask, out FileStatus.Statx status);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    /// <summary>Whether there is a process of this number, which this one may not be allowed to see otherwise.</summary>
    internal static bool Exists(int process) => kill(process, 0) == 0 || Marshal.GetLastPInvokeError() != Errnos.ESRCH;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int kill(int process, int signal);

    [LibraryImport(Library)]
    internal static partial int vasprintf(out byte* buffer, byte* format, nint arguments);

    /// <summary>Bytes that were written to a TCP socket and that the other side has not confirmed.</summary>
    internal static int UnsentBytes(SafeHandle socket) => ioctl(socket, OutputQueue, out int bytes) == 0 ? bytes : 0;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(SafeHandle handle, nuint request, out int number);

    private const nuint OutputQueue = 0x5411; // SIOCOUTQ, linux/sockios.h
    internal const int ProtRead = 1;
    internal const int ProtWrite = 2;
    internal const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC, linux/fcntl.h
    internal const int MapShared = 1;
    internal const int OpenDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC, asm-generic/fcntl.h
    internal const int OpenDirectoryArm64 = 0x4000 | 0x80000; // arm64 has its own O_DIRECTORY
    internal static int OpenNoFollow => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000; // O_NOFOLLOW
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
}
