using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Fuzz;
using XTrace.Monitors;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>
/// Frames in several buffers, of which the first ends anywhere: the tap driver makes them. TC programs read their headers from
/// all buffers. To XDP the tap hands one buffer; BPF_PROG_TEST_RUN hands several to it, as drivers do (Linux 6.18).
/// </summary>
[Trait("Category", "Privileged")]
public sealed class BufferTests : IDisposable
{
    private const string Name = "xtcut0";
    private const int LongestHeaders = 120;

    private readonly NetNamespace _network = new($"xt-{Environment.ProcessId}-cut");

    [Theory]
    [InlineData(MonitorHook.Tcx, false)]
    [InlineData(MonitorHook.Tcx, true)]
    [InlineData(MonitorHook.Clsact, false)]
    [InlineData(MonitorHook.XdpGeneric, false)]
    [InlineData(MonitorHook.XdpNative, false)]
    public void A_frame_that_is_cut_anywhere_is_counted_as_the_whole(MonitorHook hook, bool detail) => _network.Run(() =>
    {
        using Tap tap = new(Name);
        using OwnMonitor monitor = OwnMonitor.Attach(Name, FlowDirection.Ingress, new MonitorOptions { Hooks = [hook], Detail = detail });
        Dictionary<string, (ulong Packets, ulong Bytes)> expected = [];
        foreach ((string flow, byte[] frame) in Frames())
        {
            int sent = SendInParts(tap, monitor, flow, frame);
            (ulong packets, ulong bytes) = expected.GetValueOrDefault(flow);
            expected[flow] = (packets + (ulong)sent, bytes + (ulong)(sent * frame.Length));
        }
        Assert.Equal(
            expected.OrderBy(flow => flow.Key, StringComparer.Ordinal),
            monitor.Flows().ToDictionary(ParserTests.Describe, flow => (flow.Packets, flow.Bytes))
                .OrderBy(flow => flow.Key, StringComparer.Ordinal));
        return true;
    });

    [Theory]
    [InlineData(MonitorHook.Tcx)]
    [InlineData(MonitorHook.XdpGeneric)]
    public void A_malformed_frame_that_is_cut_anywhere_is_malformed(MonitorHook hook) => _network.Run(() =>
    {
        using Tap tap = new(Name);
        using OwnMonitor monitor = OwnMonitor.Attach(Name, FlowDirection.Ingress, new MonitorOptions { Hooks = [hook] });
        ulong sent = 0;
        // The kernel itself drops a frame without the tag that it announces.
        IEnumerable<byte[]> frames = ParserTests.Malformed.Select(row => (byte[])row[1]);
        foreach (byte[] frame in frames.Where(frame => !(frame[12] is 0x81 or 0x88 && frame.Length < 18)))
        {
            for (int cut = 1; cut < Math.Min(frame.Length, LongestHeaders); cut++)
            {
                Send(tap, frame, cut);
                sent += Tap.Batch;
            }
        }
        monitor.WaitFor((int)sent);
        Assert.Equal((sent, sent), (monitor.Totals.Packets, monitor.Totals.MalformedPackets));
        return true;
    });

    /// <summary>The program counts one frame, of as many bytes as it is shown: it never reads beyond them, nor lets the frame go.</summary>
    [FirstBufferTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void XDP_passes_several_buffers_that_it_did_not_ask_for(bool detail)
    {
        using TestTable table = new(maxFlow: 4096, detail: detail);
        int frames = ParserTests.Flows.Sum(row => RunInParts(table.Xdp, (byte[])row[1]));
        table.Snapshot();
        Assert.Equal((ulong)frames, table.Totals.Packets);
    }

    /// <summary>The first buffer is empty, or ends anywhere in the headers and behind them.</summary>
    [FirstBufferTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void XDP_that_takes_several_buffers_counts_a_frame_as_the_whole(bool detail)
    {
        using TestTable whole = new(maxFlow: 4096, detail: detail), parts = new(maxFlow: 4096, detail: detail);
        foreach ((_, byte[] frame) in Frames())
        {
            whole.Run(frame, repeat: RunInParts(parts.XdpFragments, frame));
        }
        Assert.Equal(Lines(whole), Lines(parts));
        Assert.Equal(whole.Totals, parts.Totals);

        IEnumerable<string> Lines(TestTable table) => table.Flows().Select(Describe).Order(StringComparer.Ordinal);

        string Describe(FlowStat flow) =>
            $"{ParserTests.Describe(flow)} {flow.Packets} {flow.Bytes} {flow.VlanId} "
            + $"{flow.TcpFlags} {flow.Dscp} {flow.MinFrameSize} {flow.MaxFrameSize}";
    }

    [FirstBufferTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void XDP_that_takes_several_buffers_finds_a_malformed_frame_malformed(bool detail)
    {
        using TestTable table = new(maxFlow: 4096, detail: detail);
        ulong frames = (ulong)ParserTests.Malformed.Sum(row => RunInParts(table.XdpFragments, (byte[])row[1]));
        Assert.Equal((frames, frames), (table.Totals.Packets, table.Totals.MalformedPackets));
    }

    public void Dispose() => _network.Dispose();

    /// <summary>Whose headers are no longer than what a program makes linear.</summary>
    private static IEnumerable<(string Flow, byte[] Frame)> Frames() =>
        ParserTests.Flows.Select(row => ((string)row[2], (byte[])row[1])).Where(row => row.Item2.Length < TestRun.CopiedMax);

    /// <summary>Sends a frame in one buffer, in two with every length of the first, and in many of a few bytes each.</summary>
    /// <returns>How often it was sent.</returns>
    private static int SendInParts(Tap tap, OwnMonitor monitor, string flow, byte[] frame)
    {
        ulong before = monitor.Totals.Packets;
        int sent = Tap.Batch;
        Send(tap, frame);
        for (int cut = 1; cut < Math.Min(frame.Length, LongestHeaders); cut++, sent += Tap.Batch)
        {
            Send(tap, frame, cut);
        }
        for (int size = 3; size < 9; size++, sent += Tap.Batch)
        {
            int parts = Math.Min(16, (frame.Length - 1) / size); // MAX_SKB_FRAGS, linux/skbuff.h, is 17
            Send(tap, frame, [.. Enumerable.Range(1, parts).Select(part => part * size)]);
        }
        monitor.WaitFor((int)before + sent);
        Assert.True(monitor.Totals.MalformedPackets == 0, $"{flow}: {monitor.Totals.MalformedPackets} of {sent} are malformed");
        return sent;
    }

    /// <summary>Runs an XDP program over a frame in two buffers, with every length of the first. The frame must pass, unchanged.</summary>
    /// <returns>How often it ran.</returns>
    private static int RunInParts(BpfHandle program, byte[] frame)
    {
        int last = Math.Min(frame.Length, LongestHeaders);
        for (int cut = 0; cut <= last; cut++)
        {
            byte[] packet = [.. frame];
            XdpContext context = new() { End = (uint)cut };
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<XdpContext>(in context));
            Assert.Equal(TestRun.Pass, BpfProgram.TestRun(program, packet, context: bytes).ReturnValue);
            Assert.Equal(frame, packet);
        }
        return last + 1;
    }

    private static void Send(Tap tap, byte[] frame, params ReadOnlySpan<int> cuts)
    {
        for (int i = 0; i < Tap.Batch; i++)
        {
            tap.Arrive(frame, cuts);
        }
    }
}

/// <summary>A test that is skipped on kernels whose BPF_PROG_TEST_RUN takes no length for the first buffer.</summary>
public sealed class FirstBufferTheoryAttribute : TheoryAttribute
{
    public FirstBufferTheoryAttribute()
    {
        if (!TestRun.TakesFirstBuffer)
        {
            Skip = "It needs Linux 6.18.";
        }
    }
}
