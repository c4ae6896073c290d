using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Bpf;

/// <summary>Collects what libbpf prints, which it would otherwise write to stderr. One collection a thread.</summary>
internal sealed unsafe class BpfLog : IDisposable
{
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

    /// <summary>The output so far.</summary>
    internal string Text => _text.ToString();

    public void Dispose() => s_current = _outer;

    [UnmanagedCallersOnly]
    private static int Print(int level, byte* format, nint arguments)
    {
        if (level >= LevelDebug || s_current is not { } log)
        {
            return 0;
        }
        // The verifier's log is one print, of any length, with the reason at its end.
        int length = Libc.vasprintf(out byte* line, format, arguments);
        if (length >= 0)
        {
            log._text.Append(Encoding.UTF8.GetString(line, length));
            NativeMemory.Free(line);
        }
        return 0;
    }
}
