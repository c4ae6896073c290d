namespace XTrace.Fuzz;

/// <summary>Makes the frames of one table, and says how each is to be run.</summary>
internal sealed class Generator
{
    private const int FirstBufferMax = 120; // bytes, behind nearly all headers
    private const int FrameMin = 14; // as BPF_PROG_TEST_RUN takes them
    private const int FrameMax = 3000;

    private static readonly ushort[] s_ethertypes =
        [0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8864, 0x88e5, 0x892f, 0x8915, 0x0806, 0x0020, 0x05dc, 0x0600];

    private static readonly byte[] s_bytes =
        [0, 1, 4, 5, 6, 7, 8, 17, 20, 40, 43, 44, 47, 51, 58, 59, 60, 0x40, 0x45, 0x4f, 0x60, 0x80, 0xff];

    private readonly Random _random;
    private readonly Pool _pool;
    private readonly FrameWriter _writer = new();
    private readonly LinkLayer _link;

    internal Generator(Random random)
    {
        _random = random;
        _pool = new Pool(random);
        _link = new LinkLayer(_pool, _writer);
    }

    internal Pool Pool => _pool;

    /// <summary>The next frame, which nothing else uses.</summary>
    internal Shot Next()
    {
        _writer.Length = 0;
        bool isMergeable = _random.Next(100) < 15;
        bool isWhole = _random.Next(100) < 55;
        if (!isMergeable && _pool.OneIn(25))
        {
            Noise();
        }
        else
        {
            _link.Frame(isMergeable ? FrameKind.Mergeable : FrameKind.Plain);
        }
        for (int changes = isWhole ? 0 : _random.Next(1, 4); changes > 0; changes--)
        {
            Change();
        }
        isWhole &= _writer.Length <= FrameMax;
        _writer.Length = Math.Clamp(_writer.Length, FrameMin, FrameMax);
        byte[] frame = _writer.Frame.ToArray();
        Hook hook = TakesTc(frame) ? _pool.Any<Hook>([Hook.Xdp, Hook.TcIngress, Hook.TcEgress]) : Hook.Xdp;
        if (hook == Hook.Xdp && TestRun.TakesFirstBuffer && frame.Length <= TestRun.CopiedMax && _pool.OneIn(2))
        {
            return new Shot(frame, Hook.XdpFragments, default, null, _random.Next(Math.Min(frame.Length, FirstBufferMax) + 1));
        }
        return hook == Hook.Xdp || !(isMergeable || _pool.OneIn(100)) ? new Shot(frame, hook, default, null)
            : isWhole && isMergeable ? new Shot(frame, hook, Super(frame.Length - _link.Headers), _link.Headers)
            : new Shot(frame, hook, Super(frame.Length), null);
    }

    /// <summary>Whether BPF_PROG_TEST_RUN takes a frame for TC: none that ends in its IP header.</summary>
    private static bool TakesTc(byte[] frame) => (frame[12], frame[13]) switch
    {
        (0x08, 0x00) => frame.Length >= 14 + 20,
        (0x86, 0xdd) => frame.Length >= 14 + 40,
        _ => true,
    };

    /// <summary>A super-packet, of which the kernel says how many frames it is, or leaves that open.</summary>
    /// <param name="payload">What is divided, in bytes.</param>
    private SkbContext Super(int payload)
    {
        int size = _random.Next(1, payload + 1);
        return new SkbContext { SegmentSize = (uint)size, Segments = (uint)(_pool.OneIn(2) ? 0 : (payload + size - 1) / size) };
    }

    private void Noise()
    {
        _random.NextBytes(_writer.Next(12));
        _writer.Word(_pool.Any<ushort>(s_ethertypes));
        _random.NextBytes(_writer.Next(_random.Next(120)));
    }

    private void Change()
    {
        int near = _random.Next(Math.Min(_writer.Length, 120));
        switch (_random.Next(8))
        {
            case 0:
                _writer.Frame[near] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                _writer.Frame[near] = _pool.Any<byte>(s_bytes);
                break;
            case 2:
                _writer.Length = _random.Next(FrameMin, Math.Max(FrameMin, Math.Min(_writer.Length, 160)) + 1);
                break;
            case 3:
                _random.NextBytes(_writer.Next(_random.Next(1, 64))); // padding
                break;
            case 4 when near + 2 <= _writer.Length:
                _writer.PutWord(near, _pool.Any<int>([0, 1, 7, 8, 19, 20, 28, 40, _writer.Length, _random.Next(256), 0xffff]));
                break;
            case 5:
                _writer.Insert(12, [0x81, 0x00, 0, (byte)_random.Next(4)]);
                break;
            case 6:
                _writer.PutWord(12, _pool.Any<ushort>(s_ethertypes));
                break;
            default:
                _writer.Insert(near, _writer.Frame[..Math.Min(_writer.Length, 1 << _random.Next(6))].ToArray());
                break;
        }
    }
}
