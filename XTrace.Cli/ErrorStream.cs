namespace XTrace.Cli;

/// <summary>
/// Standard error, written to as it is. .NET's own stream would set the keypad of a terminal first, which nothing sets back.
/// </summary>
internal sealed class ErrorStream : Stream
{
    private const int Error = 2;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Writes all of it, or drops the rest where nobody reads.</summary>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (nint written = 0, last = 1; last > 0 && written < buffer.Length; written += last)
            {
                last = Libc.write(Error, start + written, (nuint)(buffer.Length - written));
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
