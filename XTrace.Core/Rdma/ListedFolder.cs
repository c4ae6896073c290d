using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using XTrace.Bpf;

namespace XTrace.Rdma;

/// <summary>Something in a folder. A thing that was made anew under its name has another number.</summary>
internal readonly record struct FolderEntry(string Name, ulong Inode);

/// <summary>
/// A folder that is listed again and again. It stays open, and a listing that is the same as the one before, byte for byte,
/// costs two system calls and no memory. The times of folders are of no use for this: sysfs does not keep them.
/// </summary>
internal sealed class ListedFolder(string path) : IDisposable
{
    private const int LargestEntry = 280; // struct linux_dirent64 with a name of 255 bytes

    private static readonly IComparer<FolderEntry> s_order =
        Comparer<FolderEntry>.Create((one, other) => NaturalOrder.Instance.Compare(one.Name, other.Name));

    private SafeFileHandle? _folder;
    private byte[] _last = [];

    internal string Path => path;

    /// <summary>Its entries, in the order that people count (mlx5_2 before mlx5_10). Those of the last listing stay if it fails.</summary>
    internal IReadOnlyList<FolderEntry> Entries { get; private set; } = [];

    /// <summary>The kernel's error number; 0 where there is none.</summary>
    internal int ErrorCode { get; private set; }

    /// <summary>Whether it is there and cannot be listed.</summary>
    internal bool IsUnreadable => ErrorCode is not (0 or Errnos.ENOENT or Errnos.ENODEV);

    /// <summary>Lists it again.</summary>
    /// <param name="buffer">Room for a listing, which grows as needed.</param>
    /// <param name="keepOpen">Whether to leave it open for the next time.</param>
    /// <returns>Whether anything has changed, its error included.</returns>
    internal bool Refresh(ref byte[] buffer, bool keepOpen)
    {
        bool wasOpen = _folder is not null;
        int length = List(ref buffer);
        if (wasOpen && (length < 0 || !IsSame(buffer, length)))
        {
            // What is open may be a folder that was removed; another one may have its name now.
            Dispose();
            length = List(ref buffer);
        }
        if (!keepOpen || length < 0)
        {
            Dispose();
        }
        return Take(buffer, length);
    }

    /// <summary>Closes it; the next listing opens it again.</summary>
    public void Dispose()
    {
        _folder?.Dispose();
        _folder = null;
    }

    private bool IsSame(byte[] buffer, int length) => buffer.AsSpan(0, length).SequenceEqual(_last);

    private bool Take(byte[] buffer, int length)
    {
        int before = ErrorCode;
        ErrorCode = length < 0 ? -length : 0;
        length = Math.Max(length, 0);
        if (IsUnreadable || IsSame(buffer, length))
        {
            return ErrorCode != before;
        }
        _last = buffer[..length];
        Entries = Parse(_last);
        return true;
    }

    /// <returns>The length of the listing, or a negative error number.</returns>
    private int List(ref byte[] buffer)
    {
        if (_folder is null)
        {
            _folder = SysfsFile.TryOpenFolder(path, out int errno);
            if (_folder is null)
            {
                return -errno;
            }
        }
        else if (SysfsFile.Rewind(_folder) is < 0 and var failed)
        {
            return failed;
        }
        buffer.AsSpan().Clear(); // the kernel leaves what is between two entries as it is
        for (int length = 0; ;)
        {
            if (buffer.Length - length < LargestEntry)
            {
                Array.Resize(ref buffer, Math.Max(buffer.Length * 2, 1 << 13));
            }
            int count = SysfsFile.ListSome(_folder, buffer.AsSpan(length));
            if (count <= 0)
            {
                return count < 0 ? count : length;
            }
            length += count;
        }
    }

    /// <summary>Reads struct linux_dirent64: inode and offset (8 bytes each), length of the entry (2), type (1), name.</summary>
    private static FolderEntry[] Parse(ReadOnlySpan<byte> listing)
    {
        List<FolderEntry> entries = [];
        for (; !listing.IsEmpty; listing = listing[MemoryMarshal.Read<ushort>(listing[16..])..])
        {
            ReadOnlySpan<byte> name = listing[19..MemoryMarshal.Read<ushort>(listing[16..])];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                entries.Add(new FolderEntry(Encoding.UTF8.GetString(name), BinaryPrimitives.ReadUInt64LittleEndian(listing)));
            }
        }
        entries.Sort(s_order);
        return [.. entries];
    }
}
