namespace XTrace.Fuzz;

/// <summary>The kinds of frames to write.</summary>
internal enum FrameKind
{
    /// <summary>Anything.</summary>
    Plain,

    /// <summary>Packets that the kernel merges, or segments late: TCP, UDP and SCTP, also in tunnels.</summary>
    Mergeable,

    /// <summary>A packet inside a tunnel.</summary>
    Tunnelled,
}

/// <summary>Writes IP packets, and RoCE's.</summary>
internal sealed class IpLayer(Pool pool, FrameWriter to, Action<FrameKind> writeFrame)
{
    private const int TunnelsMax = 3;

    private FrameKind _kind;
    private int _tunnels;
    private bool _isUnsure;

    internal int Headers { get; private set; }

    /// <summary>Begins a frame.</summary>
    internal void Begin(FrameKind kind) => (_kind, _tunnels, _isUnsure, Headers) = (kind, 0, false, 0);

    internal void Packet(bool isIp6)
    {
        if (isIp6)
        {
            Packet6();
        }
        else
        {
            Packet4();
        }
    }

    private bool IsMergeable => _kind == FrameKind.Mergeable;

    private void Packet4()
    {
        int start = to.Length;
        int options = pool.OneIn(10) && !_isUnsure ? pool.Random.Next(11) * 4 : 0;
        _isUnsure = false;
        to.Byte(0x45 + (options / 4));
        to.Byte(pool.Random.Next(256));
        to.Word(0);
        to.Word(pool.Random.Next(0x10000));
        int fragment = IsMergeable || !pool.OneIn(16) ? 0x4000 : pool.Any<int>([0x2000, 0x2001, 0x00b9, 0x1fff, 0x20b9]);
        to.Word(fragment);
        to.Byte(64);
        int protocol = to.Length;
        to.Byte(0);
        to.Word(0);
        to.Bytes(pool.Any<byte[]>(pool.Addresses4));
        to.Bytes(pool.Any<byte[]>(pool.Addresses4));
        pool.Random.NextBytes(to.Next(options));
        int at = protocol;
        for (int count = IsMergeable || !pool.OneIn(30) ? 0 : pool.Random.Next(1, 10); count > 0; count--)
        {
            at = Authentication(at, padded: false);
        }
        Body(at, isIp6: false);
        to.PutWord(start + 2, !IsMergeable && pool.OneIn(40) ? 0 : to.Length - start);
        to.Checksum(start, 20 + options, 10);
    }

    private void Packet6()
    {
        int start = to.Length;
        to.Long(0x60000000 | (uint)pool.Random.Next(1 << 28));
        to.Word(0);
        int at = to.Length;
        to.Byte(0);
        to.Byte(64);
        to.Bytes(pool.Any<byte[]>(pool.Addresses6));
        to.Bytes(pool.Any<byte[]>(pool.Addresses6));
        bool isHuge = false;
        bool isJumbo = !IsMergeable && pool.OneIn(40);
        int payload = to.Length;
        if (isJumbo)
        {
            Put(at, 0);
            at = to.Length;
            to.Bytes([0, 0, 0xc2, 4, 0, 0, 0, 0]);
            isHuge = pool.OneIn(10);
        }
        for (int count = pool.OneIn(6) && !_isUnsure ? pool.Random.Next(1, IsMergeable ? 3 : 11) : 0; count > 0; count--)
        {
            at = Extension(at);
        }
        Body(at, isIp6: true);
        int length = to.Length - payload;
        to.PutWord(isJumbo ? payload + 6 : start + 4, length);
        if (isHuge)
        {
            to.PutWord(payload + 4, pool.Any<int>([0x0001, 0x7fff, 0x8000, 0xffff]));
            to.PutWord(payload + 6, pool.Any<int>([length, 0xfff0]));
        }
    }

    private void Put(int at, int value) => to.Frame[at] = (byte)value;

    /// <summary>Writes an extension header, and its number where the header before has room for it.</summary>
    /// <returns>Where the number of the next goes.</returns>
    private int Extension(int at)
    {
        int number = IsMergeable ? pool.Any<int>([0, 60]) : pool.Any<int>([0, 60, 43, 44, 51, 135, 139, 140]);
        if (number == 51)
        {
            return Authentication(at, padded: true);
        }
        Put(at, number);
        int next = to.Length;
        int more = number == 44 || !pool.OneIn(8) ? 0 : pool.Random.Next(6);
        to.Byte(0);
        to.Byte(number == 44 ? 0 : more);
        to.Zeros(6 + (8 * more));
        if (number == 44)
        {
            to.PutWord(next + 2, pool.Any<int>([0, 1, 1, 0x05a8, 0x05a9]));
        }
        return next;
    }

    /// <summary>RFC 4302 2.2: words of 4 bytes, the first two not counted; padded to 8 bytes in IPv6.</summary>
    private int Authentication(int at, bool padded)
    {
        Put(at, 51);
        int next = to.Length;
        to.Byte(0);
        to.Byte(padded ? 2 : 1);
        to.Zeros(padded ? 14 : 10);
        return next;
    }

    /// <summary>Writes what the packet carries, and its protocol.</summary>
    private void Body(int at, bool isIp6)
    {
        int roll = !IsMergeable ? pool.Random.Next(100)
            : _isUnsure ? pool.Any<int>([0, 40])
            : pool.Any<int>([0, 0, 40, 60, 80, 80]);
        _isUnsure = false;
        switch (roll)
        {
            case < 30:
                Tcp(at);
                break;
            case < 50:
                Udp(at, pool.Any<ushort>(pool.Ports), Payload, mayLackChecksum: !IsMergeable);
                break;
            case < 60:
                Udp(at, 4791, RoceBody, mayLackChecksum: !IsMergeable);
                break;
            case < 66:
                Sctp(at);
                break;
            case < 74:
                Icmp(at, isIp6);
                break;
            case < 90 when _tunnels < TunnelsMax:
                _tunnels++;
                Tunnel(at);
                break;
            default:
                Rest(at);
                break;
        }
    }

    private void Tcp(int at)
    {
        int options = pool.OneIn(3) ? pool.Random.Next(11) : pool.Any<int>([0, 3]);
        Put(at, 6);
        Ports(pool.Any<ushort>(pool.Ports));
        to.Zeros(8);
        to.Byte((5 + options) << 4);
        to.Byte(IsMergeable ? pool.Any<int>([0x10, 0x18, 0x11, 0x50, 0x90]) : pool.Random.Next(256)); // the kernel merges no SYN and no RST
        to.Zeros(6 + (4 * options));
        Headers = to.Length;
        Payload();
    }

    /// <summary>The kernel merges no datagrams without a checksum, but what is in tunnels without one.</summary>
    /// <param name="at">Where its number goes.</param>
    /// <param name="port">The destination.</param>
    /// <param name="body">Writes what it carries.</param>
    /// <param name="mayLackChecksum">Whether it may have none.</param>
    /// <param name="isUnsure">Whether nothing but the inner packet tells that this is a tunnel, if it has a checksum.</param>
    private void Udp(int at, int port, Action body, bool mayLackChecksum = true, bool isUnsure = false)
    {
        bool hasChecksum = !mayLackChecksum || pool.OneIn(2);
        Put(at, 17);
        int start = to.Length;
        Ports(port);
        to.Word(0);
        to.Word(hasChecksum ? pool.Random.Next(1, 0x10000) : 0);
        Headers = to.Length;
        _isUnsure = isUnsure && hasChecksum && IsMergeable;
        body();
        to.PutWord(start + 4, to.Length - start);
    }

    private void Sctp(int at)
    {
        Put(at, 132);
        Ports(pool.Any<ushort>(pool.Ports));
        to.Zeros(8);
        Headers = to.Length;
        Payload();
    }

    private void Icmp(int at, bool isIp6)
    {
        // The wrong one now and then, which is but a number.
        Put(at, isIp6 ^ pool.OneIn(8) ? 58 : 1);
        to.Byte(pool.Random.Next(4));
        to.Byte(pool.Random.Next(2));
        to.Zeros(6);
        Payload();
    }

    private void Ports(int destination)
    {
        to.Word(pool.Any<ushort>(pool.Ports));
        to.Word(destination);
    }

    private void Payload()
    {
        if (IsMergeable)
        {
            to.Zeros(pool.Random.Next(20, 2000));
        }
        else
        {
            pool.Random.NextBytes(to.Next(pool.OneIn(10) ? pool.Random.Next(1400) : pool.Random.Next(24)));
        }
    }

    private void RoceBody()
    {
        if (!pool.OneIn(12))
        {
            BaseTransport();
        }
        Payload();
    }

    private void BaseTransport()
    {
        to.Byte(pool.Any<int>([0, 4, 0x0a, 0x11, 0x64, 0x81]));
        to.Byte(0x40);
        to.Word(0xffff);
        to.Long((uint)pool.Random.Next(8));
        to.Long((uint)pool.Random.Next());
    }

    /// <summary>Writes a global route header with its base transport header, and an invariant CRC.</summary>
    internal void RoceV1()
    {
        int start = to.Length;
        to.Long(0x60000000);
        to.Word(0);
        to.Byte(0x1b);
        to.Byte(64);
        to.Bytes(pool.Any<byte[]>(pool.Addresses6));
        to.Bytes(pool.Any<byte[]>(pool.Addresses6));
        BaseTransport();
        Payload();
        to.Zeros(4);
        to.PutWord(start + 4, to.Length - start - 40);
    }

    private void Tunnel(int at)
    {
        switch (pool.Random.Next(6))
        {
            case 0:
                Put(at, 4); // RFC 2003
                Packet(isIp6: false);
                break;
            case 1:
                Put(at, 41); // RFC 4213
                Packet(isIp6: true);
                break;
            case 2:
                Put(at, 47);
                Gre();
                break;
            case 3:
                Udp(at, pool.Any<int>([4789, 8472, 14789]), Vxlan);
                break;
            case 4:
                Udp(at, pool.Any<int>([6081, 7777]), Geneve, isUnsure: true);
                break;
            default:
                Udp(at, pool.Any<int>([5555, 6080]), FooOverUdp, isUnsure: true);
                break;
        }
    }

    /// <summary>RFC 2784 and RFC 2890: flags, then a checksum, a key, a sequence number where they say so.</summary>
    private void Gre()
    {
        int fields = pool.Random.Next(4);
        int type = pool.Any<int>([0x0800, 0x86dd, 0x6558]);
        to.Word(fields << 12);
        to.Word(type);
        to.Zeros(4 * int.PopCount(fields));
        Inside(type);
    }

    private void Inside(int ethertype)
    {
        if (ethertype == 0x6558)
        {
            _isUnsure = false;
            writeFrame(FrameKind.Tunnelled);
        }
        else
        {
            Packet(ethertype == 0x86dd);
        }
    }

    /// <summary>RFC 7348 5.</summary>
    private void Vxlan()
    {
        to.Long(pool.OneIn(2) ? 0x08000000u : 0);
        to.Long(NetworkIdentifier());
        writeFrame(FrameKind.Tunnelled);
    }

    /// <summary>RFC 8926 3.4: the length of the options in words, the ethertype of what is inside.</summary>
    private void Geneve()
    {
        int options = pool.OneIn(3) && _tunnels < TunnelsMax ? pool.Random.Next(16) : 0;
        _tunnels += options > 0 ? 1 : 0; // they are gone over as another tunnel is
        int type = pool.Any<int>([0x6558, 0x6558, 0x0800, 0x86dd]);
        to.Byte(options);
        to.Byte(0);
        to.Word(type);
        to.Long(NetworkIdentifier());
        to.Zeros(4 * options);
        Inside(type);
    }

    /// <summary>In the upper 24 bits. See Pool.Mac.</summary>
    private uint NetworkIdentifier() => (((uint)pool.Random.Next(1 << 24) << 8) & 0x8fff0f00) | 0x8000;

    /// <summary>IP, or GRE, right behind UDP.</summary>
    private void FooOverUdp()
    {
        if (pool.OneIn(4))
        {
            Gre();
        }
        else
        {
            Packet(pool.OneIn(2));
        }
    }

    private void Rest(int at)
    {
        if (IsMergeable)
        {
            Tcp(at);
            return;
        }
        Put(at, pool.Any<int>([2, 33, 50, 59, 89, 99, 103, 115, 136, pool.Random.Next(256)]));
        pool.Random.NextBytes(to.Next(pool.Random.Next(40)));
    }
}
