using System.Buffers.Binary;
using XTrace.Flows;

namespace XTrace.Exporter.Ipfix;

/// <summary>Packs records into messages (RFC 7011 3.1), each as full as it may be. The header is written when a message is sent.</summary>
/// <param name="longest">Bytes of a message at most.</param>
/// <param name="done">Is given each message.</param>
internal sealed class IpfixMessages(int longest, Action<Parcel> done)
{
    /// <summary>Bytes of a message's header: version, length, export time, sequence number, observation domain.</summary>
    internal const int HeaderLength = 16;

    private const int SetHeaderLength = 4;
    private const ushort Version = 10;

    private readonly byte[] _buffer = new byte[longest];
    private int _length = HeaderLength;
    private int _setStart;
    private ushort _setId;
    private int _items;
    private RecordCount _records;

    /// <summary>Writes a message's header.</summary>
    internal static void WriteHeader(Span<byte> message, uint sequence, uint domain)
    {
        IpfixWriter writer = new(message);
        writer.Write16(Version);
        writer.Write16(message.Length);
        writer.Write32((uint)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        writer.Write32(sequence);
        writer.Write32(domain);
    }

    /// <summary>Room for a record, in the message at hand or the next one.</summary>
    /// <param name="template">What the record consists of.</param>
    /// <param name="records">What it counts as: nothing, if it is no flow.</param>
    /// <param name="variable">Bytes of its fields whose length is in the record.</param>
    internal Span<byte> Add(IpfixTemplate template, RecordCount records, int variable = 0)
    {
        int length = template.Length + variable;
        int header = _setId == template.Id ? 0 : SetHeaderLength;
        if (_length + header + length > _buffer.Length)
        {
            Flush();
            header = SetHeaderLength;
        }
        if (header > 0)
        {
            EndSet();
            (_setStart, _setId) = (_length, template.Id);
            _length += SetHeaderLength;
        }
        Span<byte> room = _buffer.AsSpan(_length, length);
        _length += length;
        _items++;
        _records += records;
        return room;
    }

    /// <summary>Hands out the message at hand, if it has a record.</summary>
    internal void Flush()
    {
        EndSet();
        if (_items > 0)
        {
            done(new Parcel(_buffer.AsSpan(0, _length).ToArray(), _items, _records));
        }
        (_length, _setId, _items, _records) = (HeaderLength, 0, 0, default);
    }

    private void EndSet()
    {
        if (_setId != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_setStart), _setId);
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_setStart + 2), (ushort)(_length - _setStart));
            _setId = 0;
        }
    }
}
