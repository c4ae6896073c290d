using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>The file at a path. A symbolic link is not followed.</summary>
/// <param name="Exists">Whether anything does.</param>
/// <param name="Type">Its kind: S_IFMT of st_mode.</param>
/// <param name="Owner">The number of its user.</param>
/// <param name="Mode">Who may do what.</param>
internal readonly record struct FileStatus(bool Exists, uint Type, uint Owner, UnixFileMode Mode)
{
    internal const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW, linux/fcntl.h
    internal const int CurrentFolder = -100; // AT_FDCWD
    internal const uint BasicStatus = 0x7ff; // STATX_BASIC_STATS, linux/stat.h
    internal const long BpfMagic = 0xcafe4a11; // BPF_FS_MAGIC, linux/magic.h
    internal const uint TypeMask = 0xf000; // S_IFMT
    internal const uint TypeDirectory = 0x4000; // S_IFDIR
    internal const uint TypeLink = 0xa000; // S_IFLNK

    internal bool IsDirectory => Type == TypeDirectory;

    /// <summary>The user whose rights this process has: not root in a shell of an ordinary user.</summary>
    internal static uint CurrentUser => Libc.geteuid();

    /// <exception cref="UnauthorizedAccessException">This user may not know.</exception>
    /// <exception cref="XTraceException">The kernel does not tell, which is no sign that there is none.</exception>
    internal static FileStatus Read(string path)
    {
        if (Libc.statx(CurrentFolder, path, NoFollow, BasicStatus, out Statx status) == 0)
        {
            return new FileStatus(true, status.Mode & TypeMask, status.Owner, (UnixFileMode)(status.Mode & 0xfff));
        }
        int error = Marshal.GetLastPInvokeError();
        return error switch
        {
            Errnos.ENOENT or Errnos.ENOTDIR => default,
            Errnos.EACCES => throw new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            _ => throw NotTold(path, error),
        };
    }

    /// <summary>
    /// Whether a path leads into a BPF file system; false as well if this user may not go there. A list of mounts does not tell,
    /// because it has those that another mount hides.
    /// </summary>
    /// <exception cref="XTraceException">The kernel does not tell, which is no sign that there is none.</exception>
    internal static bool IsInBpf(string path)
    {
        if (Libc.statfs(path, out FileSystem system) == 0)
        {
            return system.Type == BpfMagic;
        }
        int error = Marshal.GetLastPInvokeError();
        return error is Errnos.ENOENT or Errnos.ENOTDIR or Errnos.EACCES ? false : throw NotTold(path, error);
    }

    private static XTraceException NotTold(string path, int error) =>
        new(KernelMessages.FileFailed, path, KernelOperation.Find(path), Marshal.GetPInvokeErrorMessage(error));

    /// <summary>Whether there is something at a path. File.Exists and Directory.Exists take every error for a no.</summary>
    internal static bool IsThere(string path) => Read(path).Exists;

    /// <summary>The identity of a file: its device and its inode. A symbolic link is followed.</summary>
    /// <exception cref="IOException">There is none, or it cannot be seen.</exception>
    internal static (ulong Device, ulong Inode) IdentityOf(string path) =>
        Libc.statx(CurrentFolder, path, 0, BasicStatus, out Statx status) == 0
            ? (DeviceNumber(status.DeviceMajor, status.DeviceMinor), status.Inode)
            : throw new IOException(Marshal.GetLastPInvokeErrorMessage());

    /// <summary>A device's number as stat has it: new_encode_dev in linux/kdev_t.h.</summary>
    private static ulong DeviceNumber(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);

    /// <summary>The number of the file that a path leads to, links followed; 0 where there is none, or none for this user.</summary>
    internal static ulong InodeOf(string path) =>
        Libc.statx(CurrentFolder, path, 0, BasicStatus, out Statx status) == 0 ? status.Inode : 0;

    /// <summary>For an error: what it is, whose, with which rights.</summary>
    internal string Describe()
    {
        string what = Type switch
        {
            TypeDirectory => Speech.Say("目录", "folder"),
            TypeLink => Speech.Say("符号链接", "symbolic link"),
            _ => Speech.Say("文件", "file"),
        };
        return $"{what}, uid {Owner}, mode {Convert.ToString((int)Mode, 8).PadLeft(4, '0')}";
    }

    /// <summary>struct statfs, sys/statfs.h, as far as it is read.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 120)]
    internal struct FileSystem
    {
        internal long Type;
    }

    /// <summary>struct statx, linux/stat.h, as far as it is read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Statx
    {
        [FieldOffset(20)] internal uint Owner;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }
}
