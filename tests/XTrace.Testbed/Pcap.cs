using System.Buffers.Binary;

namespace XTrace.Testbed;

/// <summary>Reads captures in the classic pcap format: microseconds, little endian, Ethernet.</summary>
public static class Pcap
{
    private const uint Magic = 0xa1b2c3d4;
    private const int FileHeader = 24;
    private const int RecordHeader = 16;

    /// <summary>The frames of a capture, in order.</summary>
    /// <exception cref="InvalidDataException">It is of another format, or frames in it are cut short.</exception>
    public static IReadOnlyList<byte[]> Read(byte[] capture)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(capture) != Magic)
        {
            throw new InvalidDataException("Not a classic little-endian pcap.");
        }
        List<byte[]> frames = [];
        for (int at = FileHeader; at < capture.Length;)
        {
            int captured = BinaryPrimitives.ReadInt32LittleEndian(capture.AsSpan(at + 8));
            int length = BinaryPrimitives.ReadInt32LittleEndian(capture.AsSpan(at + 12));
            if (captured != length)
            {
                throw new InvalidDataException($"Frame {frames.Count} is cut to {captured} of {length} bytes.");
            }
            at += RecordHeader;
            frames.Add(capture[at..(at + captured)]);
            at += captured;
        }
        return frames;
    }
}
