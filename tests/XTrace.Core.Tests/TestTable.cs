using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>The loaded program and its table, run over frames without an interface.</summary>
internal sealed class TestTable : IDisposable
{
    private const uint Pass = 2; // XDP_PASS, linux/bpf.h
    private const uint Unspecified = uint.MaxValue; // TC_ACT_UNSPEC, linux/pkt_cls.h

    private readonly FlowTable _table;

    internal TestTable(int maxFlow = MonitorOptions.DefaultMaxFlow, FlowFilter? filter = null, uint link = FlowAbi.LinkEthernet)
    {
        int sets = new MonitorOptions { MaxFlow = maxFlow }.SetsPerCpu;
        Program = FlowProgram.Load(new ProgramRequest { SetsPerCpu = sets, Link = link, Filter = FilterCompiler.Compile(filter ?? new FlowFilter()) });
        _table = new FlowTable(Program.Flows, Program.States, Program.Cpus, sets);
    }

    internal FlowProgram Program { get; }

    internal FlowTotals Totals => _table.ReadTotals();

    /// <summary>Runs the program over a frame, which must pass, unchanged.</summary>
    internal void Run(byte[] frame, int repeat = 1)
    {
        byte[] packet = [.. frame];
        // Not with the kernel's own repeat: for that it changes its XDP dispatcher, which takes it milliseconds.
        for (int i = 0; i < repeat; i++)
        {
            Assert.Equal(Pass, BpfProgram.TestRun(Program.Xdp, packet).ReturnValue);
        }
        Assert.Equal(frame, packet);
    }

    /// <summary>Whether BPF_PROG_TEST_RUN takes a frame for TC: none that ends in its IP header, and none of more than a page.</summary>
    internal static bool TakesTc(byte[] frame) => frame.Length <= 3000 && (frame[12], frame[13]) switch
    {
        (0x08, 0x00) => frame.Length >= 14 + 20,
        (0x86, 0xdd) => frame.Length >= 14 + 40,
        _ => true,
    };

    /// <summary>Runs the TC program over a frame, which must pass on, unchanged.</summary>
    internal void RunTc(byte[] frame, SkbContext context = default, int repeat = 1)
    {
        byte[] packet = [.. frame];
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<SkbContext>(in context));
        for (int i = 0; i < repeat; i++)
        {
            Assert.Equal(Unspecified, BpfProgram.TestRun(Program.Tc, packet, context: bytes).ReturnValue);
        }
        Assert.Equal(frame, packet);
    }

    internal void Read(FlowSnapshot snapshot) => _table.Read(snapshot);

    /// <summary>A snapshot at rest, whose counts must add up.</summary>
    internal FlowSnapshot Snapshot()
    {
        FlowSnapshot snapshot = new();
        Read(snapshot);
        AssertConserved(snapshot);
        return snapshot;
    }

    /// <summary>The flows of a snapshot as objects, by their lines.</summary>
    internal IReadOnlyList<FlowStat> Flows()
    {
        FlowSampler sampler = new("test0", FlowDirection.Ingress, new FlowFilter());
        JiffiesClock clock = new(Program.Clock, 1_000_000);
        sampler.Take(
            snapshot =>
            {
                snapshot.Clock = clock.Calibrate();
                Read(snapshot);
                AssertConserved(snapshot);
            },
            default);
        return [.. sampler.All()];
    }

    public void Dispose()
    {
        _table.Dispose();
        Program.Dispose();
    }

    internal static void AssertConserved(FlowSnapshot snapshot)
    {
        FlowTotals totals = snapshot.Totals;
        ulong packets = 0;
        ulong bytes = 0;
        foreach (ref readonly Flow flow in snapshot.Flows)
        {
            packets += flow.Packets;
            bytes += flow.Bytes;
        }
        Assert.Equal(totals.Packets, packets + totals.EvictedPackets + totals.FilteredPackets + totals.MalformedPackets);
        Assert.Equal(totals.Bytes, bytes + totals.EvictedBytes + totals.FilteredBytes + totals.MalformedBytes);
    }
}
