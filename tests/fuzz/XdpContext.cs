using System.Runtime.InteropServices;

namespace XTrace.Fuzz;

/// <summary>struct xdp_md, linux/bpf.h, as far as BPF_PROG_TEST_RUN takes it: the first buffer holds what is before data_end.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct XdpContext
{
    [FieldOffset(4)]
    internal uint End;
}
