namespace XTrace.Fuzz;

/// <summary>BPF_PROG_TEST_RUN: the interface that it runs programs on, and the verdicts of XTrace's.</summary>
internal static class TestRun
{
    internal const int Loopback = 1; // its index in every network namespace
    internal const uint Pass = 2; // XDP_PASS, linux/bpf.h
    internal const uint Unspecified = uint.MaxValue; // TC_ACT_UNSPEC, linux/pkt_cls.h
}
