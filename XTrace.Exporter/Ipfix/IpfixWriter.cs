using System.Buffers.Binary;
using System.Text;
using XTrace.Flows;

namespace XTrace.Exporter.Ipfix;

/// <summary>Writes numbers in network byte order, one behind the other.</summary>
internal ref struct IpfixWriter(Span<byte> buffer)
{
    private Span<byte> _rest = buffer;

    internal void Write8(byte number)
    {
        _rest[0] = number;
        _rest = _rest[1..];
    }

    internal void Write16(int number)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_rest, (ushort)number);
        _rest = _rest[2..];
    }

    internal void Write32(uint number)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_rest, number);
        _rest = _rest[4..];
    }

    internal void Write64(ulong number)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_rest, number);
        _rest = _rest[8..];
    }

    internal void Write(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_rest);
        _rest = _rest[bytes.Length..];
    }

    /// <summary>A text in this many bytes. The rest are zero.</summary>
    internal void Write(string text, int length)
    {
        _rest[..length].Clear();
        Encoding.UTF8.TryGetBytes(text, _rest[..length], out _);
        _rest = _rest[length..];
    }

    internal void Write(FrameCount frames)
    {
        Write64(frames.Packets);
        Write64(frames.Bytes);
    }
}
