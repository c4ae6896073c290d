using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace XTrace.Rdma;

/// <summary>Reads attributes of sysfs with the kernel's own error numbers, which File would turn into exceptions.</summary>
internal static unsafe class SysfsFile
{
    private const int PageSize = 4096; // the most that an attribute holds

    /// <summary>Opens an attribute; null and the error number if the kernel refuses.</summary>
    internal static SafeFileHandle? TryOpen(string path, out int errno) => TryOpen(path, Libc.OpenCloseOnExec, out errno);

    /// <summary>Opens a folder; null and the error number if the kernel refuses.</summary>
    internal static SafeFileHandle? TryOpenFolder(string path, out int errno) =>
        TryOpen(path, Libc.OpenCloseOnExec | Machine.Current.OpenDirectory, out errno);

    /// <summary>Goes back to the start of a folder.</summary>
    /// <returns>0, or a negative error number.</returns>
    internal static int Rewind(SafeFileHandle folder) => Libc.lseek(folder, 0, 0) < 0 ? -Marshal.GetLastPInvokeError() : 0;

    /// <summary>Lists as much of a folder as has room.</summary>
    /// <returns>The number of bytes, 0 at its end, or a negative error number.</returns>
    internal static int ListSome(SafeFileHandle folder, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count = Libc.syscall(Machine.Current.ListCall, folder, start, (nuint)buffer.Length);
            return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
        }
    }

    private static SafeFileHandle? TryOpen(string path, int flags, out int errno)
    {
        int fd = Libc.open(path, flags);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Lets the kernel produce the attribute's value anew.</summary>
    /// <returns>Its length in bytes, or a negative error number.</returns>
    internal static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count = Libc.pread(file, start, (nuint)buffer.Length, 0);
            return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
        }
    }

    /// <summary>An attribute's text without the white space around it; null if it has none or cannot be read.</summary>
    internal static string? ReadText(string path)
    {
        using SafeFileHandle? file = TryOpen(path, out _);
        Span<byte> buffer = stackalloc byte[PageSize];
        int length = file is null ? 0 : Read(file, buffer);
        return length > 0 && Encoding.UTF8.GetString(buffer[..length]).Trim() is { Length: > 0 } text ? text : null;
    }
}
