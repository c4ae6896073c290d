using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Bench;

/// <summary>
/// A monitor whose programs run behind the driver. The kernel runs them on lo, so lo is the monitor's point; nothing is attached.
/// </summary>
internal sealed class BenchTable : IDisposable
{
    private const int Loopback = 1; // its index in every network namespace

    private readonly uint _point;

    /// <param name="maxFlow">Flows that each CPU is to have room for.</param>
    /// <param name="detail">Whether details of each flow are kept.</param>
    internal BenchTable(int maxFlow, bool detail = false)
    {
        MonitorOptions options = new() { MaxFlow = maxFlow, Detail = detail };
        Monitor = FlowMonitor.Create(options, points: 1, ProcessIdentity.Current, _ => { });
        _point = Monitor.Points.Add(Loopback, FlowDirection.Ingress, FlowAbi.LinkEthernet, "lo")!.Value;
        Xdp = FlowProgram.Load(FlowProgram.NameOf(MonitorHook.XdpNative, FlowDirection.Ingress), Monitor.Maps, detail);
        Tc = FlowProgram.Load(FlowProgram.NameOf(MonitorHook.Tcx, FlowDirection.Ingress), Monitor.Maps, detail);
    }

    internal FlowMonitor Monitor { get; }

    internal BpfHandle Xdp { get; }

    internal BpfHandle Tc { get; }

    internal FlowTotals Totals => Monitor.Points.ReadTotals(_point);

    public void Dispose()
    {
        Xdp.Dispose();
        Tc.Dispose();
        Monitor.Dispose();
    }
}
