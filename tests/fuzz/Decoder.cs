using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>The flow that a frame is to be counted in.</summary>
/// <param name="IsMalformed">It is shorter than the headers that it announces, and belongs to no flow.</param>
/// <param name="Key">Otherwise the flow's key.</param>
internal readonly record struct Verdict(bool IsMalformed, FlowKey Key);

/// <summary>Says what a frame is to be counted as.</summary>
internal delegate Verdict Decode(ReadOnlySpan<byte> frame);

/// <summary>
/// Decodes an Ethernet frame by the standards and by docs/counting.md. It shares nothing with the parser in the kernel but the
/// layout of the result. A position knows two lengths: of the bytes that are in the frame, and of those that the headers before it
/// announce. A header must fit into both.
/// </summary>
internal ref struct Decoder
{
    private const int LinkHeadersMax = 8; // docs/counting.md
    private const int ExtensionsMax = 8;
    private const int NoLength = int.MaxValue; // no header so far has a length

    private readonly ReadOnlySpan<byte> _frame;
    private int _at;
    private int _announced = NoLength;
    private bool _isMalformed;
    private FlowKey _key;

    private Decoder(ReadOnlySpan<byte> frame) => _frame = frame;

    internal static Verdict Decode(ReadOnlySpan<byte> frame)
    {
        Decoder decoder = new(frame);
        decoder.Link();
        return decoder._isMalformed ? new Verdict(true, default) : new Verdict(false, decoder._key);
    }

    private readonly byte Byte(int offset) => _frame[_at + offset];

    private readonly ushort Word(int offset) => BinaryPrimitives.ReadUInt16BigEndian(_frame[(_at + offset)..]);

    private readonly ReadOnlySpan<byte> Bytes(int offset, int length) => _frame.Slice(_at + offset, length);

    /// <summary>Whether a header of this size is there; if not, the frame is malformed.</summary>
    private bool Has(int size)
    {
        _isMalformed = _announced < size || _frame.Length - _at < size;
        return !_isMalformed;
    }

    private void Skip(int size)
    {
        _at += size;
        _announced = _announced == NoLength ? NoLength : _announced - size;
    }

    /// <summary>A header says how much follows; the headers around it may leave less.</summary>
    private void Announce(int length) => _announced = Math.Min(_announced, length);

    private void Malformed() => _isMalformed = true;

    /// <summary>IEEE 802.3 clause 3, and the headers that may stand before IP.</summary>
    private void Link()
    {
        _at = 12;
        ushort type = Word(0);
        Skip(2);
        for (int headers = 0; headers < LinkHeadersMax; headers++)
        {
            ushort? next = type switch
            {
                0x8100 or 0x88a8 or 0x9100 or 0x9200 or 0x9300 => Tag(), // IEEE 802.1Q 9.6, and what came before 0x88a8
                0x8864 => PppoeSession(),
                0x8847 or 0x8848 => Label(type),
                0x88e5 => SecTag(),
                0x892f => HsrTag(),
                < 0x0600 => Llc(type), // IEEE 802.3 3.2.6
                _ => null,
            };
            if (_isMalformed)
            {
                return;
            }
            if (next is null)
            {
                break;
            }
            type = next.Value;
        }
        Network(type);
    }

    private void Network(ushort type)
    {
        switch (type)
        {
            case 0x0800:
                Ip4();
                break;
            case 0x86dd:
                Ip6();
                break;
            case 0x8915:
                RoceV1();
                break;
            default:
                NoIp(type);
                break;
        }
    }

    /// <summary>A flow of MAC addresses. Frames with a length instead of an ethertype have that of LLC in Linux, ETH_P_802_2.</summary>
    private void NoIp(ushort type)
    {
        Span<byte> key = Key;
        _frame[6..12].CopyTo(key);
        _frame[..6].CopyTo(key[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(key[32..], type < 0x0600 ? (ushort)4 : type);
        _key.Kind = FlowAbi.Ethernet | FlowAbi.Ethertype;
    }

    /// <summary>The fields of the key as bytes: source, destination, ports.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    private Span<byte> Key => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref _key, 1));

    /// <summary>IEEE 802.1Q 9.3: the identifier is in the lower 12 bits. The outer tag's is the flow's.</summary>
    private ushort? Tag()
    {
        if (!Has(4))
        {
            return null;
        }
        if (_key.Vlan == 0)
        {
            _key.Vlan = (ushort)(FlowAbi.VlanPresent | (Word(0) & 0xfff));
        }
        ushort type = Word(2);
        Skip(4);
        return type;
    }

    /// <summary>RFC 2516 4 and 6: version, type, code, session, length. RFC 1661 6.5: PPP's protocol, of one byte if odd.</summary>
    private ushort? PppoeSession()
    {
        if (!Has(6) || (Byte(0), Byte(1)) is not (0x11, 0))
        {
            return null;
        }
        int length = Word(4);
        Skip(6);
        Announce(length);
        if (!Has(1) || !Has(2 - (Byte(0) & 1)))
        {
            return null;
        }
        int size = 2 - (Byte(0) & 1);
        ushort protocol = size == 1 ? Byte(0) : Word(0);
        ushort? type = protocol switch
        {
            0x0021 => 0x0800,
            0x0057 => 0x86dd,
            _ => null,
        };
        Skip(type is null ? 0 : size);
        return type;
    }

    /// <summary>RFC 3032 2.1. Nothing says what is behind the last label: RFC 4928 3 has IP begin with its version.</summary>
    private ushort? Label(ushort type)
    {
        if (!Has(4))
        {
            return null;
        }
        bool isLast = (Byte(2) & 1) != 0;
        Skip(4);
        int version = isLast && _at < _frame.Length ? Byte(0) >> 4 : 0;
        return (isLast, version) switch
        {
            (false, _) => type,
            (_, 4) => 0x0800,
            (_, 6) => 0x86dd,
            _ => null,
        };
    }

    /// <summary>IEEE 802.1AE 9.3: TCI, short length, packet number, and with SC a channel's identifier; then what the frame had behind its
    /// addresses, so at least an ethertype. E or C: not in clear.</summary>
    private ushort? SecTag()
    {
        const int Version = 0x80;
        const int HasChannel = 0x20;
        const int Encrypted = 0x08;
        const int Changed = 0x04;
        if (!Has(6 + 2) || (Byte(0) & Version) != 0)
        {
            return null;
        }
        int size = (Byte(0) & HasChannel) != 0 ? 14 : 6;
        if (!Has(size + 2) || (Byte(0) & (Encrypted | Changed)) != 0)
        {
            return null;
        }
        ushort type = Word(size);
        Skip(size + 2);
        return type;
    }

    /// <summary>IEC 62439-3 5.6: path and length, sequence number, ethertype.</summary>
    private ushort? HsrTag()
    {
        if (!Has(6))
        {
            return null;
        }
        ushort type = Word(4);
        Skip(6);
        return type;
    }

    /// <summary>IEEE 802.2 and RFC 1042: LLC with SNAP, which has IP's ethertype behind an organisation of zero.</summary>
    private ushort? Llc(ushort length)
    {
        Announce(length);
        if (_announced < 3 || _frame.Length - _at < 3 || (Byte(0), Byte(1), Byte(2)) is not (0xaa, 0xaa, 3))
        {
            return null;
        }
        if (!Has(8) || (Byte(3), Byte(4), Byte(5)) is not (0, 0, 0) || Word(6) is not (0x0800 or 0x86dd))
        {
            return null;
        }
        ushort type = Word(6);
        Skip(8);
        return type;
    }

    /// <summary>RFC 791 3.1. A length of 0 is what a sender leaves to the NIC: the frame's end counts.</summary>
    private void Ip4()
    {
        if (!Has(20))
        {
            return;
        }
        int header = (Byte(0) & 0xf) * 4;
        int total = Word(2);
        if (Byte(0) >> 4 != 4 || header < 20 || (total != 0 && total < header))
        {
            Malformed();
            return;
        }
        Announce(total == 0 ? _frame.Length - _at : total);
        if (!Has(header))
        {
            return;
        }
        MapAddress(Bytes(12, 4), Key);
        MapAddress(Bytes(16, 4), Key[16..]);
        _key.Kind = FlowAbi.IPv4;
        _key.Protocol = Byte(9);
        bool isLater = (Word(6) & 0x1fff) != 0;
        Skip(header);
        if (isLater)
        {
            _key.Kind |= FlowAbi.Fragment;
        }
        else if (Headers(isIp6: false))
        {
            Transport();
        }
    }

    /// <summary>RFC 4291 2.5.5.2.</summary>
    private static void MapAddress(ReadOnlySpan<byte> address, Span<byte> to)
    {
        to[10] = to[11] = 0xff;
        address.CopyTo(to[12..]);
    }

    /// <summary>RFC 8200 3. A payload length of 0 is a jumbogram's, RFC 2675, or nothing follows.</summary>
    private void Ip6()
    {
        if (!Has(40))
        {
            return;
        }
        if (Byte(0) >> 4 != 6)
        {
            Malformed();
            return;
        }
        int payload = Word(4);
        Bytes(8, 32).CopyTo(Key);
        _key.Kind = FlowAbi.IPv6;
        _key.Protocol = Byte(6);
        Skip(40);
        Announce(payload == 0 && _key.Protocol == 0 && TryJumbo(out int jumbo) ? jumbo : payload);
        if (Headers(isIp6: true))
        {
            Transport();
        }
    }

    /// <summary>RFC 2675 2: an option of the hop-by-hop header, which holds the length of all that follows the IPv6 header.</summary>
    private readonly bool TryJumbo(out int payload)
    {
        payload = 0;
        if (_announced < 8 || _frame.Length - _at < 8 || Word(2) != 0xc204)
        {
            return false;
        }
        payload = (int)Math.Min(int.MaxValue - 1, BinaryPrimitives.ReadUInt32BigEndian(Bytes(4, 4)));
        return true;
    }

    /// <summary>
    /// RFC 8200 4: extension headers and what follows the last that is looked at. IPv4 has but the authentication header, RFC 4302.
    /// </summary>
    /// <returns>False where there is no transport header: malformed, or a later fragment.</returns>
    private bool Headers(bool isIp6)
    {
        for (int headers = 0; headers < ExtensionsMax && IsExtension(_key.Protocol, isIp6); headers++)
        {
            bool isFragment = _key.Protocol == 44;
            bool isAuthentication = _key.Protocol == 51;
            if (!Has(isAuthentication ? 12 : 8))
            {
                return false;
            }
            int size = isFragment ? 8 : isAuthentication ? (Byte(1) + 2) * 4 : (Byte(1) + 1) * 8;
            bool isLater = isFragment && Word(2) >> 3 != 0;
            _key.Protocol = Byte(0);
            if (!Has(size) || (isAuthentication && size < 12))
            {
                Malformed();
                return false;
            }
            Skip(size);
            if (isLater)
            {
                _key.Kind |= FlowAbi.Fragment;
                return false;
            }
        }
        return true;
    }

    /// <summary>IANA's list of IPv6 extension headers, less ESP, behind which nothing can be read, and those for experiments.</summary>
    private static bool IsExtension(byte protocol, bool isIp6) =>
        protocol == 51 || (isIp6 && protocol is 0 or 43 or 44 or 60 or 135 or 139 or 140);

    private void Transport()
    {
        bool isIp6 = _key.Kind == FlowAbi.IPv6;
        switch (_key.Protocol)
        {
            case 6:
                Tcp();
                break;
            case 17:
                Udp(isIp6);
                break;
            case 33: // DCCP, RFC 4340 5.1
            case 132: // SCTP, RFC 9260 3.1
                Ports(12);
                break;
            case 136: // UDP-Lite, RFC 3828 3.1
                Ports(8);
                break;
            case 1 when !isIp6: // RFC 792
            case 58 when isIp6: // RFC 4443 2.1
                Icmp();
                break;
        }
    }

    private bool Ports(int header)
    {
        if (!Has(header))
        {
            return false;
        }
        Bytes(0, 4).CopyTo(Key[32..]);
        _key.Kind |= FlowAbi.Ports;
        return true;
    }

    private void Icmp()
    {
        if (Has(8))
        {
            Bytes(0, 2).CopyTo(Key[32..]);
            _key.Kind |= FlowAbi.Icmp;
        }
    }

    /// <summary>RFC 9293 3.1: the data offset counts words of the header, and the packet has room for them.</summary>
    private void Tcp()
    {
        if (Ports(20))
        {
            int header = (Byte(12) >> 4) * 4;
            _isMalformed = header < 20 || header > _announced;
        }
    }

    /// <summary>RFC 768, and RFC 2675 4: in IPv6 a length of 0 is that of the packet.</summary>
    private void Udp(bool isIp6)
    {
        if (!Ports(8))
        {
            return;
        }
        int length = Word(4);
        if (length < 8 && !(isIp6 && length == 0))
        {
            Malformed();
            return;
        }
        Announce(length == 0 ? _announced : length);
        if (Word(2) == 4791 && length >= 8 + 12 && _announced >= 8 + 12 && _frame.Length - _at >= 8 + 12)
        {
            Skip(8);
            _key.Kind = (byte)((_key.Kind & FlowAbi.AddressMask) | FlowAbi.RoceV2);
            QueuePair();
        }
    }

    /// <summary>InfiniBand Architecture, volume 1, 9.2: opcode, flags, partition, destination queue pair, packet number.</summary>
    private void QueuePair()
    {
        Span<byte> ports = Key[32..36];
        Bytes(5, 3).CopyTo(ports);
        ports[3] = Byte(0);
    }

    /// <summary>InfiniBand Architecture, annex A16: a global route header, 8.3, which is followed by a base transport header.</summary>
    private void RoceV1()
    {
        const byte BaseTransport = 0x1b;
        if (!Has(40))
        {
            return;
        }
        if (Byte(0) >> 4 != 6 || Byte(6) != BaseTransport)
        {
            Malformed();
            return;
        }
        Bytes(8, 32).CopyTo(Key);
        int payload = Word(4);
        Skip(40);
        Announce(payload);
        if (Has(12))
        {
            _key.Kind = FlowAbi.IPv6 | FlowAbi.RoceV1;
            _key.Protocol = BaseTransport;
            QueuePair();
        }
    }
}
