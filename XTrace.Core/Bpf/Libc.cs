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
    internal static partial nint read(BpfHandle fd, byte* buffer, nuint length);

    [LibraryImport(Library)]
    internal static partial nint readlinkat(int folder, byte* path, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(int fd, int type);

    /// <summary>Zero and no entry where there is none; the strings lie in the buffer.</summary>
    [LibraryImport(Library)]
    internal static partial int getpwuid_r(uint user, byte** entry, byte* buffer, nuint length, byte*** result);

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

    internal const int ProtRead = 1;
    internal const int ProtWrite = 2;
    internal const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC, linux/fcntl.h
    internal const int MapShared = 1;
    internal const int OpenDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC, asm-generic/fcntl.h
    internal const int OpenDirectoryArm64 = 0x4000 | 0x80000; // arm64 has its own O_DIRECTORY
    internal static int OpenNoFollow => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000; // O_NOFOLLOW
    internal const int OpenCloseOnExec = 0x80000; // O_CLOEXEC
    internal const int CloneNewNet = 0x40000000; // CLONE_NEWNET, linux/sched.h
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
}
