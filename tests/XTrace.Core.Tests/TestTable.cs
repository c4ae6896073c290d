using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Sessions;

namespace XTrace.Tests;

/// <summary>
/// A monitor whose programs are run over frames without traffic. BPF_PROG_TEST_RUN runs them on lo, so that has a point in each
/// direction; nothing is attached to it.
/// </summary>
internal sealed class TestTable : IDisposable
{
    private readonly Dictionary<string, BpfHandle> _programs = [];
    private readonly Dictionary<uint, WatchedPoint> _points = [];
    private readonly FlowSource _source;
    private readonly uint _link;
    private readonly bool _detail;
    private long _samples;

    internal TestTable(
        int maxFlow = MonitorOptions.DefaultMaxFlow, FlowFilter? filter = null, uint link = FlowAbi.LinkEthernet, bool detail = false)
    {
        _link = link;
        _detail = detail;
        MonitorOptions options = new() { MaxFlow = maxFlow, Filter = filter ?? new FlowFilter(), Detail = detail };
        Monitor = FlowMonitor.Create(options, points: 2, ProcessIdentity.Current, _ => { });
        _source = new FlowSource(Monitor, folder: null);
        Ingress = AddPoint(FlowDirection.Ingress);
        Egress = AddPoint(FlowDirection.Egress);
    }

    internal FlowMonitor Monitor { get; }

    /// <summary>What arrives on lo: its id.</summary>
    internal uint Ingress { get; private set; }

    /// <summary>What leaves through lo.</summary>
    internal uint Egress { get; private set; }

    internal BpfHandle Xdp => Program(MonitorHook.XdpNative, FlowDirection.Ingress);

    internal BpfHandle XdpFragments => Program(MonitorHook.XdpNative, FlowDirection.Ingress, takesFragments: true);

    /// <summary>The totals of what arrived.</summary>
    internal FlowTotals Totals => Monitor.Points.ReadTotals(Ingress);

    internal FlowTotals EgressTotals => Monitor.Points.ReadTotals(Egress);

    /// <summary>Ends the ingress point, as Stop does.</summary>
    internal void RemoveIngress() => Monitor.Points.Remove(Ingress);

    /// <summary>Begins it anew, as Start does.</summary>
    internal void RestartIngress() => Ingress = AddPoint(FlowDirection.Ingress);

    /// <summary>
    /// Begins both points anew, with no flows and totals of zero. This is quicker than another table, whose programs the kernel would
    /// have to verify.
    /// </summary>
    internal void Restart()
    {
        RemoveIngress();
        RestartIngress();
        Monitor.Points.Remove(Egress);
        Egress = AddPoint(FlowDirection.Egress);
    }

    /// <summary>Runs the XDP program over a frame, which must pass, unchanged.</summary>
    internal void Run(byte[] frame, int repeat = 1)
    {
        byte[] packet = [.. frame];
        // Not with the kernel's own repeat: for that it changes its XDP dispatcher, which takes it milliseconds.
        for (int i = 0; i < repeat; i++)
        {
            Assert.Equal(TestRun.Pass, BpfProgram.TestRun(Xdp, packet).ReturnValue);
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

    /// <summary>Runs a TC program over a frame, which must pass on, unchanged.</summary>
    internal void RunTc(byte[] frame, SkbContext context = default, int repeat = 1, FlowDirection direction = FlowDirection.Ingress)
    {
        byte[] packet = [.. frame];
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<SkbContext>(in context));
        for (int i = 0; i < repeat; i++)
        {
            uint verdict = BpfProgram.TestRun(Program(MonitorHook.Tcx, direction), packet, context: bytes).ReturnValue;
            Assert.Equal(TestRun.Unspecified, verdict);
        }
        Assert.Equal(frame, packet);
    }

    /// <summary>A snapshot at rest, whose counts must add up at each point.</summary>
    internal FlowSnapshot Snapshot()
    {
        FlowSnapshot snapshot = new();
        Monitor.Read(snapshot);
        Conservation.Assert(Monitor, snapshot.Rows);
        return snapshot;
    }

    /// <summary>The flows at rest as objects.</summary>
    internal IReadOnlyList<FlowStat> Flows()
    {
        FlowSample sample = Take(seconds: 1);
        Conservation.Assert(Monitor, _source.Meter.Rows);
        return [.. sample.Flows()];
    }

    /// <summary>A sample as a session takes it.</summary>
    /// <param name="seconds">The time since the one before: nothing is attached, so it is the test's to say.</param>
    /// <param name="filter">The flows that are wanted.</param>
    internal FlowSample Take(double seconds, FlowFilter? filter = null)
    {
        _source.Meter.Take(Monitor);
        WatchedPoint[] points = [.. Monitor.Points.List().Select(point => _points[point.Id])];
        foreach (WatchedPoint point in points)
        {
            point.MeasuredSeconds = seconds;
        }
        ClockCalibration clock = _source.Meter.Clock;
        FlowSample sample = new(filter ?? new FlowFilter(), owner: null, wantsDetails: _detail)
        {
            Number = ++_samples,
            Clock = clock,
            Timestamp = clock.Local,
        };
        sample.Fill([_source], points);
        return sample;
    }

    /// <summary>Has flows that make room reported to this table's samples. The ring is to be read before each.</summary>
    internal BpfRing ReadEnds()
    {
        BpfRing ring = new();
        Assert.True(_source.TryReadEnds(ring));
        return ring;
    }

    public void Dispose()
    {
        foreach (BpfHandle program in _programs.Values)
        {
            program.Dispose();
        }
        _source.Dispose();
    }

    private uint AddPoint(FlowDirection direction)
    {
        uint point = Monitor.Points.Add(TestRun.Loopback, direction, _link, "lo")!.Value;
        Monitor.Points.SetAttached(point, MonitorHook.Tcx, Monitor.Calibrate());
        _points[point] = _source.Add(Monitor.Points.List().Single(entry => entry.Id == point));
        return point;
    }

    /// <summary>A program, loaded when it is first needed.</summary>
    private BpfHandle Program(MonitorHook hook, FlowDirection direction, bool takesFragments = false)
    {
        string name = FlowProgram.NameOf(hook, direction, takesFragments);
        if (!_programs.TryGetValue(name, out BpfHandle? program))
        {
            _programs[name] = program = FlowProgram.Load(name, Monitor.Maps, Monitor.HasDetails);
        }
        return program;
    }
}
