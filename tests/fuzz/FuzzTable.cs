using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Sessions;

namespace XTrace.Fuzz;

/// <summary>A monitor whose programs are run over frames: BPF_PROG_TEST_RUN runs them on lo, and nothing is attached to it.</summary>
internal sealed class FuzzTable : IDisposable
{
    private readonly FlowSource _source;
    private readonly BpfHandle[] _programs;
    private readonly BpfRing _ring = new();
    private readonly byte[] _packet = new byte[FrameWriter.Capacity];
    private readonly uint[] _points = new uint[(int)FlowDirection.Both]; // by direction

    /// <param name="options">The monitor's.</param>
    /// <param name="readsEnds">Whether flows that make room are read.</param>
    internal FuzzTable(MonitorOptions options, bool readsEnds)
    {
        Monitor = FlowMonitor.Create(options, points: 2, ProcessIdentity.Current, _ => { });
        _source = new FlowSource(Monitor, folder: null);
        _programs =
        [
            Load(MonitorHook.XdpNative, FlowDirection.Ingress),
            Load(MonitorHook.Tcx, FlowDirection.Ingress),
            Load(MonitorHook.Tcx, FlowDirection.Egress),
            .. TestRun.TakesFirstBuffer
                ? [Load(MonitorHook.XdpNative, FlowDirection.Ingress, takesFragments: true)] : Array.Empty<BpfHandle>(),
        ];
        Begin();
        if (readsEnds)
        {
            _source.TryReadEnds(_ring);
        }
    }

    internal FlowMonitor Monitor { get; }

    internal FlowMeter Meter => _source.Meter;

    internal uint PointOf(FlowDirection direction) => _points[(int)direction];

    internal FlowTotals TotalsOf(FlowDirection direction) => Monitor.Points.ReadTotals(PointOf(direction));

    internal FlowDirection DirectionOf(uint point) => (FlowDirection)Array.IndexOf(_points, point);

    /// <summary>The directions that it has a point for.</summary>
    internal static IReadOnlyList<FlowDirection> Directions { get; } = [FlowDirection.Ingress, FlowDirection.Egress];

    /// <summary>Both points anew: no flows, and totals of zero.</summary>
    internal void Restart()
    {
        foreach (FlowDirection direction in Directions)
        {
            Monitor.Points.Remove(PointOf(direction));
        }
        Begin();
    }

    /// <summary>Runs a frame.</summary>
    /// <returns>Whether the program let it pass, unchanged.</returns>
    internal bool TryRun(in Shot shot)
    {
        ReadOnlySpan<byte> frame = shot.Bytes.Span;
        Span<byte> packet = _packet.AsSpan(0, frame.Length);
        frame.CopyTo(packet);
        _source.KeepReading(); // a slow machine takes longer for a batch than the kernel waits for a reader
        SkbContext skb = shot.Context;
        XdpContext xdp = new() { End = (uint)shot.FirstBuffer };
        ReadOnlySpan<byte> told = shot.Hook switch
        {
            Hook.Xdp => [],
            Hook.XdpFragments => MemoryMarshal.AsBytes(new ReadOnlySpan<XdpContext>(in xdp)),
            _ => MemoryMarshal.AsBytes(new ReadOnlySpan<SkbContext>(in skb)),
        };
        uint verdict = BpfProgram.TestRun(_programs[(int)shot.Hook], packet, context: told).ReturnValue;
        return verdict == (shot.IsXdp ? TestRun.Pass : TestRun.Unspecified) && packet.SequenceEqual(frame);
    }

    /// <summary>Reads the flows that made room, and takes a snapshot.</summary>
    internal void Take()
    {
        _ring.Consume();
        Meter.Take(Monitor);
    }

    public void Dispose()
    {
        _ring.Dispose();
        foreach (BpfHandle program in _programs)
        {
            program.Dispose();
        }
        _source.Dispose();
    }

    private BpfHandle Load(MonitorHook hook, FlowDirection direction, bool takesFragments = false) =>
        FlowProgram.Load(FlowProgram.NameOf(hook, direction, takesFragments), Monitor.Maps, Monitor.HasDetails);

    private void Begin()
    {
        foreach (FlowDirection direction in Directions)
        {
            _points[(int)direction] = Monitor.Points.Add(TestRun.Loopback, direction, FlowAbi.LinkEthernet, "lo")!.Value;
        }
    }
}
