using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Programs;

/// <summary>
/// Standard output or standard error, written to as it is. .NET's own streams would set the keypad of a terminal first, which
/// nothing sets back.
/// </summary>
/// <param name="descriptor">The number of the open file.</param>
/// <param name="fail">Is told the error number of a write that failed. The rest of that text is dropped.</param>
internal sealed class DescriptorStream(int descriptor, Action<int> fail) : ForwardStream
{
    /// <summary>Writes all of it, and waits where the file takes nothing for a while.</summary>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (nint written = 0; written < buffer.Length;)
            {
                nint last = Libc.write(descriptor, start + written, (nuint)(buffer.Length - written));
                int error = last < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error == Errnos.EAGAIN)
                {
                    Libc.PollDescriptor file = new() { Descriptor = descriptor, Events = Libc.PollOut };
                    _ = Libc.poll(ref file, 1, -1);
                }
                else if (error is not (0 or Errnos.EINTR))
                {
                    fail(error);
                    return;
                }
                written += Math.Max(last, 0);
            }
        }
    }

    public override void Flush()
    {
    }
}
