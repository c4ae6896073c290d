using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>The programs that a frame may run through.</summary>
internal enum Hook
{
    Xdp,
    TcIngress,
    TcEgress,
    XdpFragments,
}

/// <summary>A frame and how it is run.</summary>
/// <param name="Bytes">The frame.</param>
/// <param name="Hook">Through which program.</param>
/// <param name="Context">The fields of a super-packet, or nothing.</param>
/// <param name="Headers">What each frame of a super-packet repeats, in bytes; null if nothing says what XTrace should find.</param>
/// <param name="FirstBuffer">How many bytes the first buffer holds, if the program takes several.</param>
internal readonly record struct Shot(ReadOnlyMemory<byte> Bytes, Hook Hook, SkbContext Context, int? Headers, int FirstBuffer = 0)
{
    internal FlowDirection Direction => Hook == Hook.TcEgress ? FlowDirection.Egress : FlowDirection.Ingress;

    internal bool IsXdp => Hook is Hook.Xdp or Hook.XdpFragments;

    internal bool IsSuper => Context.SegmentSize > 0;

    /// <summary>
    /// The frames on the wire: as many as the kernel says, or as the payload fills, and each of them has the headers. The headers of a
    /// malformed one are not known.
    /// </summary>
    internal FrameCount OnWire(bool isMalformed)
    {
        int length = Bytes.Length;
        int headers = isMalformed ? 0 : Headers ?? 0;
        uint packets = !IsSuper ? 1
            : Context.Segments > 0 ? Context.Segments
            : (uint)Math.Max(1, (length - headers + (int)Context.SegmentSize - 1) / (int)Context.SegmentSize);
        return new FrameCount(packets, (ulong)length + ((packets - 1) * (ulong)headers));
    }

    /// <summary>Whether a count is possible if nothing says which headers are found: as many frames, not more than is looked at.</summary>
    internal bool IsPossible(FrameCount count)
    {
        const int JumboOption = 8; // the kernel takes it off where it segments, RFC 2675
        const int HeadersMax = 4096 + 60; // HEADERS_MASK in bpf/segments.h, and TCP's
        int length = Bytes.Length;
        bool isNumber = Context.Segments > 0 ? count.Packets == Context.Segments
            : count.Packets >= 1 && count.Packets <= (uint)length / Context.SegmentSize + 1;
        ulong most = (ulong)length + ((count.Packets - 1) * HeadersMax);
        return isNumber && count.Bytes >= (ulong)(length - JumboOption) && count.Bytes <= most;
    }
}
