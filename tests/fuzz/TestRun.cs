namespace XTrace.Fuzz;

/// <summary>BPF_PROG_TEST_RUN: the interface that it runs programs on, and the verdicts of XTrace's.</summary>
internal static class TestRun
{
    internal const int Loopback = 1; // its index in every network namespace
    internal const uint Pass = 2; // XDP_PASS, linux/bpf.h
    internal const uint Unspecified = uint.MaxValue; // TC_ACT_UNSPEC, linux/pkt_cls.h
    internal const int CopiedMax = 512; // HEADERS_MAX in bpf/xtrace.bpf.c: what is read of frames in several buffers

    /// <summary>Whether it takes a length for the first of several buffers: net/bpf/test_run.c, from Linux 6.18 on.</summary>
    internal static readonly bool TakesFirstBuffer = Environment.OSVersion.Version >= new Version(6, 18);
}
