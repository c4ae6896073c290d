using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace;

/// <summary>All imports from the C library: what the BCL has no call for, or no error number.</summary>
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
    internal static partial nint pread(SafeFileHandle fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(SafeFileHandle fd, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, SafeFileHandle fd, byte* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial NetlinkSocket netlink_socket(int family, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial SocketHandle socket(int family, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SocketHandle socket, nuint request, void* argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SocketHandle socket, int level, int option, in Promiscuity.Membership value, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint send(NetlinkSocket socket, byte[] message, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recv(NetlinkSocket socket, [Out] byte[] buffer, nuint length, int flags);

    [LibraryImport(Library)]
    internal static partial int poll(ref PollDescriptor descriptors, nuint count, int timeout);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte* if_indextoname(uint index, byte* name);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int statx(int folder, string path, int flags, uint mask, out FileStatus.Statx status);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int statfs(string path, out FileStatus.FileSystem system);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    /// <summary>Random bytes from the kernel, which gives up to 256 at once. .NET's own would load OpenSSL for them.</summary>
    internal static void FillRandom(Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            if (getrandom(start, (nuint)bytes.Length, 0) != bytes.Length)
            {
                throw new BpfException(KernelOperation.GetRandom, Marshal.GetLastPInvokeError());
            }
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint getrandom(byte* buffer, nuint length, uint flags);

    /// <summary>Whether there is a process of this number, which this one may not be allowed to see otherwise.</summary>
    internal static bool Exists(int process) => kill(process, 0) == 0 || Marshal.GetLastPInvokeError() != Errnos.ESRCH;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int kill(int process, int signal);

    /// <summary>Whether a file is open for writing under this number.</summary>
    internal static bool IsWritable(int fd) => fcntl(fd, GetFileFlags, 0) is var flags && flags >= 0 && (flags & AccessMode) != ReadOnly;

    [LibraryImport(Library, EntryPoint = "fcntl")]
    private static partial int fcntl(int fd, int command, int argument);

    /// <summary>The settings of a terminal; the buffer is a struct termios, or longer.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int tcgetattr(int fd, byte* settings);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int tcsetattr(int fd, int when, byte* settings);

    [LibraryImport(Library)]
    internal static partial int isatty(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(int fd, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(int fd, byte* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_window(int fd, nuint request, out WindowSize size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int pipe2(int* ends, int flags);

    /// <summary>Returns an error number, and starts nothing then.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawnp(
        out int process, string program, byte* actions, byte* attributes, byte** arguments, byte** variables);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int number);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int waitpid(int process, out int status, int options);

    /// <summary>Has this process stopped as Ctrl+Z stops it; returns at once if nobody could continue it.</summary>
    internal static void StopSelf() => kill(Environment.ProcessId, TerminalStop);

    /// <summary>struct winsize, asm-generic/termios.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort Width;
        internal ushort Height;
    }

    /// <summary>struct pollfd, poll.h. Errors and hang-ups are told without being asked for.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport(Library)]
    internal static partial int vasprintf(out byte* buffer, byte* format, nint arguments);

    /// <summary>Bytes that were written to a TCP socket and that the other side has not confirmed.</summary>
    internal static int UnsentBytes(SafeHandle socket) => ioctl(socket, OutputQueue, out int bytes) == 0 ? bytes : 0;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(SafeHandle handle, nuint request, out int number);

    internal const int TerminalStop = 20; // SIGTSTP, signal(7)
    internal const int SetAfterOutput = 1; // TCSADRAIN, bits/termios.h
    internal const nuint GetWindowSize = 0x5413; // TIOCGWINSZ, asm-generic/ioctls.h
    internal const short PollIn = 1; // POLLIN
    internal const short PollOut = 4; // POLLOUT
    internal const short SpawnInSession = 0x80; // POSIX_SPAWN_SETSID, spawn.h
    internal const int OpenReadWrite = 2; // O_RDWR
    internal const nuint OutputQueue = 0x5411; // SIOCOUTQ, linux/sockios.h
    internal const int ProtRead = 1;
    internal const int ProtWrite = 2;
    internal const int GetFileFlags = 3; // F_GETFL, asm-generic/fcntl.h
    internal const int AccessMode = 3; // O_ACCMODE
    internal const int ReadOnly = 0; // O_RDONLY
    internal const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC, linux/fcntl.h
    internal const int MapShared = 1;
    internal const int OpenCloseOnExec = 0x80000; // O_CLOEXEC, asm-generic/fcntl.h
    internal const int CloneNewNet = 0x40000000; // CLONE_NEWNET, linux/sched.h
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
}
