using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Bpf;

/// <summary>Collects what libbpf prints, which it would otherwise write to stderr. One collection a thread.</summary>
internal sealed unsafe class BpfLog : IDisposable
{
    private const int LineMax = 1 << 16;
    private const int LevelDebug = 2; // LIBBPF_DEBUG, enum libbpf_print_level

    [ThreadStatic]
    private static BpfLog? s_current;

    private readonly StringBuilder _text = new();
    private readonly BpfLog? _outer;

    /// <summary>From here to Dispose, on this thread.</summary>
    internal BpfLog()
    {
        // Not in a static constructor, which would wrap the error that libbpf is missing.
        LibBpf.libbpf_set_print(&Print);
        _outer = s_current;
        s_current = this;
    }

    /// <summary>What was printed so far.</summary>
    internal string Text => _text.ToString();

    public void Dispose() => s_current = _outer;

    [UnmanagedCallersOnly]
    private static int Print(int level, byte* format, nint arguments)
    {
        if (level >= LevelDebug || s_current is not { } log)
        {
            return 0;
        }
        byte[] line = new byte[LineMax];
        fixed (byte* buffer = line)
        {
            int length = Libc.vsnprintf(buffer, LineMax, format, arguments);
            log._text.Append(Encoding.UTF8.GetString(line, 0, Math.Clamp(length, 0, LineMax - 1)));
        }
        return 0;
    }
}
