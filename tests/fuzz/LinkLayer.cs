namespace XTrace.Fuzz;

/// <summary>Writes Ethernet frames, with the headers that may stand before IP.</summary>
internal sealed class LinkLayer
{
    private const int DepthMax = 10; // beyond what is looked behind

    private readonly Pool _pool;
    private readonly FrameWriter _to;
    private readonly IpLayer _ip;

    internal LinkLayer(Pool pool, FrameWriter to)
    {
        (_pool, _to) = (pool, to);
        _ip = new IpLayer(pool, to, inner => Frame(inner));
    }

    /// <summary>The end of the headers that each frame of a super-packet repeats; 0 for a frame that the kernel does not merge.</summary>
    internal int Headers => _ip.Headers;

    /// <summary>Writes a whole frame.</summary>
    /// <param name="kind">A frame, one that may be merged, or one inside a tunnel.</param>
    internal void Frame(FrameKind kind)
    {
        if (kind != FrameKind.Tunnelled)
        {
            _ip.Begin(kind);
        }
        _to.Bytes(_pool.Any<byte[]>(_pool.Macs));
        _to.Bytes(_pool.Any<byte[]>(_pool.Macs));
        Ethertype(kind, 0);
    }

    /// <summary>Writes an ethertype and what it announces.</summary>
    private void Ethertype(FrameKind kind, int depth)
    {
        int roll = _pool.Random.Next(100);
        if (kind == FrameKind.Tunnelled)
        {
            roll = roll < 15 && depth < 2 ? 0 : 99;
        }
        else if (kind == FrameKind.Mergeable)
        {
            roll = roll < 15 && depth < 3 ? 0 : roll < 20 && depth < 3 ? 16 : 99;
        }
        switch (roll)
        {
            case < 14 when depth < DepthMax:
                Tag(kind, depth);
                break;
            case < 19 when depth < DepthMax:
                Labels(kind);
                break;
            case < 23 when depth < DepthMax:
                Pppoe();
                break;
            case < 26 when depth < DepthMax:
                Llc();
                break;
            case < 29 when depth < DepthMax:
                SecTag(kind, depth);
                break;
            case < 31 when depth < DepthMax:
                Hsr(kind, depth);
                break;
            case < 35:
                NoIp();
                break;
            case < 40:
                _to.Word(0x8915);
                _ip.RoceV1();
                break;
            default:
                Ip();
                break;
        }
    }

    private void Ip()
    {
        bool isIp6 = _pool.OneIn(2);
        _to.Word(isIp6 ? 0x86dd : 0x0800);
        _ip.Packet(isIp6);
    }

    private void Tag(FrameKind kind, int depth)
    {
        _to.Word(_pool.Any<int>([0x8100, 0x8100, 0x88a8, 0x9100, 0x9200, 0x9300]));
        _to.Word(_pool.OneIn(2) ? _pool.Random.Next(kind == FrameKind.Plain ? 0x10000 : 0x4000) : _pool.Random.Next(4)); // see Pool.Mac
        // Stacks as deep as can be looked behind, and deeper, are as likely as others.
        if (kind == FrameKind.Plain && _pool.OneIn(8))
        {
            for (int more = _pool.Random.Next(9); more > 0; more--)
            {
                _to.Word(0x8100);
                _to.Word(more);
            }
        }
        Ethertype(kind, depth + 1);
    }

    private void Labels(FrameKind kind)
    {
        _to.Word(_pool.Any<int>([0x8847, 0x8848]));
        int labels = _pool.Random.Next(1, kind == FrameKind.Plain ? 10 : 4);
        for (int left = labels - 1; left >= 0; left--)
        {
            uint label = (uint)_pool.Random.Next(1 << 20) << 12;
            _to.Long(label | (left == 0 ? 0x100u : 0) | 64);
        }
        if (kind == FrameKind.Plain && _pool.OneIn(6))
        {
            _to.Zeros(4); // a pseudowire's control word, RFC 4385
            Frame(FrameKind.Tunnelled);
        }
        else if (kind != FrameKind.Plain || !_pool.OneIn(12))
        {
            _ip.Packet(_pool.OneIn(2));
        }
    }

    private void Pppoe()
    {
        _to.Word(_pool.OneIn(10) ? 0x8863 : 0x8864);
        _to.Byte(_pool.OneIn(20) ? _pool.Random.Next(256) : 0x11);
        _to.Byte(_pool.OneIn(20) ? _pool.Random.Next(256) : 0);
        _to.Word(_pool.Random.Next(0x10000));
        int length = _to.Length;
        _to.Word(0);
        bool isIp6 = _pool.OneIn(2);
        int protocol = _pool.OneIn(10) ? 0xc021 : isIp6 ? 0x57 : 0x21;
        if (protocol == 0xc021 || !_pool.OneIn(4))
        {
            _to.Word(protocol);
        }
        else
        {
            _to.Byte(protocol);
        }
        _ip.Packet(isIp6);
        _to.PutWord(length, _to.Length - length - 2);
    }

    private void Llc()
    {
        int length = _to.Length;
        _to.Word(0);
        bool isIp6 = _pool.OneIn(2);
        if (_pool.OneIn(4))
        {
            _to.Bytes([0x42, 0x42, 3]);
            _pool.Random.NextBytes(_to.Next(_pool.Random.Next(40)));
        }
        else
        {
            _to.Bytes([0xaa, 0xaa, 3, 0, 0, (byte)(_pool.OneIn(12) ? 0x0c : 0)]);
            _to.Word(_pool.OneIn(12) ? _pool.Any<int>([0x0806, 0x8100, 0x8847]) : isIp6 ? 0x86dd : 0x0800);
            _ip.Packet(isIp6);
        }
        _to.PutWord(length, _to.Length - length - 2);
    }

    private void SecTag(FrameKind kind, int depth)
    {
        int flags = _pool.OneIn(4) ? _pool.Random.Next(256) : _pool.Any<int>([0, 0x20, 0x40, 0x10, 0x01]);
        _to.Word(0x88e5);
        _to.Byte(flags);
        _to.Byte(0);
        _to.Long((uint)_pool.Random.Next());
        if ((flags & 0x20) != 0)
        {
            _pool.Random.NextBytes(_to.Next(8));
        }
        Ethertype(kind, depth + 1);
        _pool.Random.NextBytes(_to.Next(16)); // the integrity check value
    }

    private void Hsr(FrameKind kind, int depth)
    {
        _to.Word(0x892f);
        int length = _to.Length;
        _to.Word(0);
        _to.Word(_pool.Random.Next(0x10000));
        Ethertype(kind, depth + 1);
        _to.PutWord(length, (_pool.Random.Next(16) << 12) | ((_to.Length - length) & 0xfff));
    }

    private void NoIp()
    {
        _to.Word(_pool.Any<int>([0x0806, 0x0806, 0x88cc, 0x88f7, 0x8906, 0x05dc, 0x05ff, 0x0600, _pool.Random.Next(0x10000)]));
        _pool.Random.NextBytes(_to.Next(_pool.Random.Next(64)));
    }
}
