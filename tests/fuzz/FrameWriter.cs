using System.Buffers.Binary;

namespace XTrace.Fuzz;

/// <summary>A frame that is being written, from its first byte to its last. Lengths are filled in when what they count is there.</summary>
internal sealed class FrameWriter
{
    /// <summary>More than any frame that is written.</summary>
    internal const int Capacity = 8192;

    private readonly byte[] _bytes = new byte[Capacity];

    internal int Length { get; set; }

    /// <summary>The bytes that are written so far.</summary>
    internal Span<byte> Frame => _bytes.AsSpan(0, Length);

    internal void Byte(int value) => _bytes[Length++] = (byte)value;

    internal void Word(int value)
    {
        PutWord(Length, value);
        Length += 2;
    }

    internal void Long(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(Length), value);
        Length += 4;
    }

    internal void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Next(bytes.Length));

    /// <summary>The next bytes, which hold anything, for the caller to fill.</summary>
    internal Span<byte> Next(int count)
    {
        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }

    internal void Zeros(int count) => Next(count).Clear();

    internal void PutWord(int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(at), (ushort)value);

    /// <summary>Puts bytes between those that are there.</summary>
    internal void Insert(int at, ReadOnlySpan<byte> bytes)
    {
        _bytes.AsSpan(at, Length - at).CopyTo(_bytes.AsSpan(at + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(at));
        Length += bytes.Length;
    }

    /// <summary>RFC 1071, over a header of an even length whose checksum is at an offset in it.</summary>
    internal void Checksum(int start, int length, int offset)
    {
        PutWord(start + offset, 0);
        uint sum = 0;
        for (int at = start; at < start + length; at += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at));
        }
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        PutWord(start + offset, (int)(~sum & 0xffff));
    }
}
