using System.Runtime.InteropServices;

namespace XTrace.Fuzz;

/// <summary>struct __sk_buff, linux/bpf.h, as far as BPF_PROG_TEST_RUN takes it: what a TC program is told of a super-packet.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct SkbContext
{
    [FieldOffset(164)]
    internal uint Segments;

    [FieldOffset(176)]
    internal uint SegmentSize;
}
