using System.Collections.Concurrent;
using System.Diagnostics;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>A process's own monitor on a real interface.</summary>
[Trait("Category", "Privileged")]
public sealed class MonitorTests : IDisposable
{
    private readonly VethPair _pair = new();

    [Theory]
    [InlineData(AttachMode.Native, MonitorHook.XdpNative)]
    [InlineData(AttachMode.Generic, MonitorHook.XdpGeneric)]
    public void Counts_are_exact_and_the_interfaces_own(AttachMode mode, MonitorHook hook)
    {
        const int Flows = 500;
        const int Each = 200;
        byte[][] frames = [.. Enumerable.Range(0, Flows).Select(i => Udp4($"10.0.{i / 250}.{i % 250}", 1000 + i, "10.9.9.9", 443, i))];
        using OwnMonitor monitor = Attach(mode);
        Assert.Equal(hook, monitor.Hook);
        (ulong Packets, ulong Bytes) rx = _pair.ReadCounters("rx");
        (ulong Packets, ulong Bytes) tx = _pair.ReadCounters("tx");
        for (int i = 0; i < Each; i++)
        {
            _pair.Send(frames);
        }
        List<FlowStat> flows = Sample(monitor, Flows * Each);
        Assert.Equal(Flows, flows.Count);
        Assert.All(flows, flow =>
            Assert.Equal(((ulong)Each, (ulong)(Each * frames[flow.SourcePort!.Value - 1000].Length)), (flow.Packets, flow.Bytes)));

        FlowTotals totals = monitor.Totals;
        (ulong Packets, ulong Bytes) rxAfter = _pair.ReadCounters("rx");
        (ulong Packets, ulong Bytes) txAfter = _pair.ReadCounters("tx");
        // In native XDP a veth counts, for both ends, what it passes up: without the Ethernet header.
        ulong headers = mode == AttachMode.Native ? 14ul * totals.Packets : 0;
        (ulong, ulong) counted = (totals.Packets, totals.Bytes - headers);
        Assert.Equal((rxAfter.Packets - rx.Packets, rxAfter.Bytes - rx.Bytes), counted);
        Assert.Equal((txAfter.Packets - tx.Packets, txAfter.Bytes - tx.Bytes), counted);
    }

    [Fact]
    public void Tags_are_seen_and_counted()
    {
        using OwnMonitor monitor = Attach(AttachMode.Native);
        byte[] frame = Tcp6("2001:db8::1", 1, "2001:db8::2", 443, 100, [7, 8]);
        _pair.Send(frame, 9);
        FlowStat flow = Assert.Single(Sample(monitor, 9));
        Assert.Equal(((ushort)7, 9ul, 9 * (ulong)frame.Length), (flow.VlanId!.Value, flow.Packets, flow.Bytes));
    }

    [Fact]
    public void Disposed_it_leaves_nothing_attached() => _pair.Run(() =>
    {
        using (OwnMonitor.Attach(_pair.Interface, FlowDirection.Ingress, new MonitorOptions()))
        {
            Assert.NotEmpty(AttachedPrograms.On(_pair.Interface));
        }
        Assert.Empty(AttachedPrograms.On(_pair.Interface));
    });

    /// <summary>
    /// With an MTU beyond a page a driver hands over frames in several buffers, and refuses programs that do not claim them.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_a_large_MTU_native_XDP_reads_several_buffers(bool detail)
    {
        SetLargeMtu();
        MonitorOptions options = new() { Mode = AttachMode.Native, Detail = detail };
        using OwnMonitor monitor = _pair.Run(() => OwnMonitor.Attach(_pair.Interface, FlowDirection.Ingress, options));
        Assert.Equal(["xdp"], _pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 8000);
        _pair.Send(frame, 3);
        FlowStat flow = Assert.Single(Sample(monitor, 3));
        Assert.Equal((3ul, 3 * (ulong)frame.Length, (ushort)2), (flow.Packets, flow.Bytes, flow.DestinationPort!.Value));
    }

    /// <summary>As it must be after a suspend with virtio_net, which the scenario suspend of tests/vm shows.</summary>
    [Theory]
    [InlineData(false, "xtrace_xdp")]
    [InlineData(true, "xtrace_xdp_frag")]
    public void A_program_that_the_driver_gets_again_counts_on(bool isLarge, string name)
    {
        if (isLarge)
        {
            SetLargeMtu();
        }
        using OwnMonitor monitor = Attach(AttachMode.Native);
        byte[] frame = Udp4("10.0.0.1", 1, "10.0.0.2", 2, 100);
        _pair.Send(frame, 3);
        monitor.WaitFor(3);
        (int Index, uint Program, uint Link) before = monitor.Attachment.Query();
        Assert.True(_pair.Run(() => monitor.Monitor.Renew((LinkAttachment)monitor.Attachment, TestInterfaces.Get(_pair.Interface))));
        (int Index, uint Program, uint Link) after = monitor.Attachment.Query();
        Assert.Equal((before.Index, before.Link), (after.Index, after.Link));
        Assert.NotEqual(before.Program, after.Program);
        Assert.Equal(name, Bpf.BpfProgram.NameOf(after.Program));
        Assert.True(_pair.Run(monitor.Attachment.IsInPlace));
        _pair.Send(frame, 2);
        Assert.Equal(5ul, Assert.Single(Sample(monitor, 5)).Packets);
    }

    /// <summary>A suspend is what CLOCK_BOOTTIME has more than CLOCK_MONOTONIC, and 49 days of it begin at zero again.</summary>
    [Theory]
    [InlineData(0u, 0u, false)]
    [InlineData(1000u, 999u, false)]
    [InlineData(999u, 1000u, false)]
    [InlineData(1500u, 1000u, true)]
    [InlineData(500u, uint.MaxValue - 499, true)]
    [InlineData(0u, uint.MaxValue, false)]
    public void A_suspend_is_noticed(uint now, uint then, bool isNoticed) =>
        Assert.Equal(isNoticed, new ClockCalibration(0, 0, default, 1) { SuspendedMilliseconds = now }.WasSuspendedSince(then));

    [Fact]
    public void It_sees_that_its_interface_is_gone()
    {
        using OwnMonitor monitor = Attach(AttachMode.Native);
        Assert.NotEqual(0, monitor.Attachment.Query().InterfaceIndex);
        _pair.Run(() => Command.Run("ip", "link", "del", _pair.Interface));
        Assert.Equal(0, monitor.Attachment.Query().InterfaceIndex);
    }

    /// <summary>
    /// The best of five tries, of eleven frames each, by their median: a virtual machine that is held up for a while has
    /// jiffies that are late, which shifts all the times of a try. A wrong tick or clock is wrong every time.
    /// </summary>
    [Fact]
    public void Times_are_those_of_the_wall_clock_to_a_few_ticks() =>
        Assert.InRange(Timing.SmallestError(25, MeasureTimes, tries: 5), 0, 25);

    /// <returns>The greatest of the median errors of first seen, last seen and duration, in milliseconds.</returns>
    private double MeasureTimes()
    {
        const int Flows = 11;
        using OwnMonitor monitor = Attach(AttachMode.Native);
        List<DateTime> sent = [];
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < Flows; i++)
            {
                Thread.Sleep(20);
                sent.Add(DateTime.Now);
                _pair.Send(Udp4("10.0.0.1", i, "10.0.0.2", 2));
            }
        }
        FlowStat[] flows = [.. Sample(monitor, 2 * Flows).OrderBy(flow => flow.SourcePort)];
        return new[]
        {
            MedianOf(flows.Select((flow, i) => flow.FirstSeen - sent[i])),
            MedianOf(flows.Select((flow, i) => flow.LastSeen - sent[Flows + i])),
            MedianOf(flows.Select((flow, i) => flow.Duration - (sent[Flows + i] - sent[i]))),
        }.Max();
    }

    [Fact]
    public void A_tick_is_the_kernels()
    {
        using TestTable table = new(maxFlow: 8);
        string hz = Command.Run("sh", "-c", "zcat /proc/config.gz 2>/dev/null || cat /boot/config-$(uname -r)")
            .Split('\n').First(line => line.StartsWith("CONFIG_HZ=", StringComparison.Ordinal));
        Assert.Equal(hz, $"CONFIG_HZ={1_000_000_000 / table.Monitor.Meta.TickNanoseconds}");
    }

    public void Dispose() => _pair.Dispose();

    private static double MedianOf(IEnumerable<TimeSpan> errors)
    {
        double[] sorted = [.. errors.Select(error => Math.Abs(error.TotalMilliseconds)).Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The kernel's refusal then means the other process, whichever way it refuses.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Of_two_that_take_the_XDP_slot_at_once_one_is_told_that_it_is_taken()
    {
        ConcurrentBag<string> errors = [];
        Thread[] threads = [.. new[] { AttachMode.Native, AttachMode.Generic }.Select(mode => new Thread(() => TakeOften(mode, errors)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(["XdpSlotBusy"], errors.Distinct());
    }

    private void TakeOften(AttachMode mode, ConcurrentBag<string> errors) => _pair.Run(() =>
    {
        MonitorOptions options = new() { Mode = mode, MaxFlow = 8 };
        NetInterface target = TestInterfaces.Get(_pair.Interface);
        using FlowMonitor monitor = FlowMonitor.Create(options, points: 1, ProcessIdentity.Current, _ => { });
        HookPlan plan = options.PlanFor(target, FlowDirection.Ingress);
        for (Stopwatch time = Stopwatch.StartNew(); time.Elapsed.TotalSeconds < 5;)
        {
            try
            {
                monitor.Detach(monitor.Attach(target, FlowDirection.Ingress, plan, null, _ => { })!.Value);
            }
            catch (XTraceException error)
            {
                errors.Add(error.ErrorId);
            }
        }
    });

    private void SetLargeMtu()
    {
        _pair.Run(() => Command.Run("ip", "link", "set", _pair.Interface, "mtu", "9000"));
        _pair.RunAtPeer(() => Command.Run("ip", "link", "set", _pair.PeerInterface, "mtu", "9000"));
    }

    private OwnMonitor Attach(AttachMode mode) =>
        _pair.Run(() => OwnMonitor.Attach(_pair.Interface, FlowDirection.Ingress, new MonitorOptions { Mode = mode }));

    /// <summary>The flows, once all frames have come through, with their counts adding up.</summary>
    private static List<FlowStat> Sample(OwnMonitor monitor, int frames)
    {
        monitor.WaitFor(frames);
        return monitor.Flows();
    }
}
