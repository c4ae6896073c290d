using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using XTrace.Exporter.Metrics;

namespace XTrace.Exporter.RemoteWrite;

/// <summary>
/// A message of Prometheus' remote write 1.0, in protobuf: <c>WriteRequest { repeated TimeSeries timeseries = 1; }</c>,
/// <c>TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }</c>, <c>Label { string name = 1; string value = 2; }</c>,
/// <c>Sample { double value = 1; int64 timestamp = 2; }</c> (prometheus/prompb/types.proto, remote.proto).
/// </summary>
/// <param name="time">The time of all samples.</param>
internal sealed class WriteRequest(DateTime time)
{
    /// <summary>The value that says a series has ended: prometheus/model/value/value.go, StaleNaN.</summary>
    internal const ulong Stale = 0x7ff0000000000002;

    private const byte SeriesTag = 0x0a; // field 1, with a length
    private const byte LabelTag = 0x0a;
    private const byte SampleTag = 0x12;
    private const byte NameTag = 0x0a;
    private const byte ValueTag = 0x12;
    private const byte DoubleTag = 0x09; // field 1, 64 bits
    private const byte TimestampTag = 0x10; // field 2, a number

    private readonly ulong _milliseconds = (ulong)new DateTimeOffset(time).ToUnixTimeMilliseconds();
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);

    internal ReadOnlySpan<byte> Content => _buffer.WrittenSpan;

    /// <summary>Adds a sample.</summary>
    /// <param name="labels">The labels, by name.</param>
    /// <param name="bits">The value, as a double's bits.</param>
    internal void Add(ReadOnlySpan<Label> labels, ulong bits)
    {
        int sample = 1 + sizeof(double) + 1 + LengthOf(_milliseconds);
        int length = 1 + LengthOf((ulong)sample) + sample;
        foreach (ref readonly Label label in labels)
        {
            int inner = LengthOf(in label);
            length += 1 + LengthOf((ulong)inner) + inner;
        }
        Begin(SeriesTag, length);
        foreach (ref readonly Label label in labels)
        {
            Begin(LabelTag, LengthOf(in label));
            Write(NameTag, label.Name);
            Write(ValueTag, label.Value);
        }
        Begin(SampleTag, sample);
        Write(DoubleTag);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(sizeof(ulong)), bits);
        _buffer.Advance(sizeof(ulong));
        Write(TimestampTag);
        WriteNumber(_milliseconds);
    }

    private static int LengthOf(in Label label) => LengthOf(label.Name) + LengthOf(label.Value);

    private static int LengthOf(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        return 1 + LengthOf((ulong)length) + length;
    }

    /// <summary>Bytes of a number: seven bits in each.</summary>
    private static int LengthOf(ulong number) => number == 0 ? 1 : (64 - (int)ulong.LeadingZeroCount(number) + 6) / 7;

    private void Begin(byte tag, int length)
    {
        Write(tag);
        WriteNumber((ulong)length);
    }

    private void Write(byte tag, string text)
    {
        Begin(tag, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, _buffer);
    }

    private void Write(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    private void WriteNumber(ulong number)
    {
        while (number >= 0x80)
        {
            Write((byte)(number | 0x80));
            number >>= 7;
        }
        Write((byte)number);
    }
}
