using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>
/// Frames in several buffers, of which the first ends anywhere: the tap driver makes them. TC programs read their headers from
/// all buffers. XDP programs of XTrace do not claim to take several buffers, so the kernel makes one of them, or refuses the program
/// where it cannot (see MonitorTests for that).
/// </summary>
[Trait("Category", "Privileged")]
public sealed class BufferTests : IDisposable
{
    private const string Name = "xtcut0";
    private const int LongestHeaders = 120;
    private const int PulledMax = 512; // HEADERS_MAX in bpf/xtrace.bpf.c

    /// <summary>The kernel from which on BPF_PROG_TEST_RUN takes them, but for stable ones that were given it.</summary>
    private static readonly Version s_severalBuffers = new(6, 18);

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
    [Fact]
    public void XDP_passes_several_buffers_that_it_did_not_ask_for()
    {
        using TestTable table = new(maxFlow: 4096);
        ulong frames = 0;
        foreach (byte[] frame in ParserTests.Flows.Select(row => (byte[])row[1]))
        {
            for (int cut = 0; cut <= Math.Min(frame.Length, LongestHeaders); cut++, frames++)
            {
                byte[] packet = [.. frame];
                XdpContext context = new() { End = (uint)cut };
                ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<XdpContext>(in context));
                try
                {
                    Assert.Equal(2u, BpfProgram.TestRun(table.Xdp, packet, context: bytes).ReturnValue);
                }
                catch (BpfException) when (Environment.OSVersion.Version < s_severalBuffers)
                {
                    return;
                }
                Assert.Equal(frame, packet);
            }
        }
        table.Snapshot();
        Assert.Equal(frames, table.Totals.Packets);
    }

    public void Dispose() => _network.Dispose();

    /// <summary>Whose headers are no longer than what a program makes linear.</summary>
    private static IEnumerable<(string Flow, byte[] Frame)> Frames() =>
        ParserTests.Flows.Select(row => ((string)row[2], (byte[])row[1])).Where(row => row.Item2.Length < PulledMax);

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

    private static void Send(Tap tap, byte[] frame, params ReadOnlySpan<int> cuts)
    {
        for (int i = 0; i < Tap.Batch; i++)
        {
            tap.Arrive(frame, cuts);
        }
    }

    /// <summary>struct xdp_md, linux/bpf.h: the first buffer holds what is before data_end.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 24)]
    private struct XdpContext
    {
        [FieldOffset(4)]
        internal uint End;
    }
}
