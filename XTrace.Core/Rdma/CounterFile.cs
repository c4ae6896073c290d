using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace XTrace.Rdma;

/// <summary>A counter in sysfs: its file, held open. Reading it again allocates nothing.</summary>
/// <param name="place">The port or the device that it is of.</param>
/// <param name="source">Which folder it is in.</param>
/// <param name="entry">Its entry there.</param>
/// <param name="path">Where to open it.</param>
/// <param name="info">What is known of it.</param>
internal sealed class CounterFile(CounterPlace place, RdmaCounterSource source, FolderEntry entry, string path, CounterInfo info)
    : Counter(place, source, entry.Name, info), IDisposable
{
    private SafeFileHandle? _file;

    internal FolderEntry Entry => entry;

    /// <summary>Reads it once more.</summary>
    internal void Read(Span<byte> buffer, bool keepOpen)
    {
        int errno = 0;
        _file ??= SysfsFile.TryOpen(path, out errno);
        long ticks = Stopwatch.GetTimestamp();
        int length = _file is null ? -errno : SysfsFile.Read(_file, buffer);
        if (length < 0)
        {
            Fail(-length);
        }
        else
        {
            Parse(buffer[..length], ticks);
        }
        if (!keepOpen || Status == RdmaCounterStatus.Gone)
        {
            // A device that comes back under its name has new files.
            Dispose();
        }
    }

    /// <summary>Closes the file; the next read opens it again.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Parse(ReadOnlySpan<byte> text, long ticks)
    {
        text = text.TrimEnd("\n "u8);
        if (Utf8Parser.TryParse(text, out ulong raw, out int used) && used == text.Length)
        {
            Take(raw, ticks);
        }
        else
        {
            Take(text.StartsWith("N/A"u8) ? RdmaCounterStatus.NotAvailable : RdmaCounterStatus.NotANumber);
        }
    }
}
