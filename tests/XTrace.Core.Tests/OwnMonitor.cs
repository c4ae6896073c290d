using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Sessions;

namespace XTrace.Tests;

/// <summary>A monitor of this process on one direction of one interface, and what it counts.</summary>
internal sealed class OwnMonitor : IDisposable
{
    private readonly FlowSource _source;
    private readonly WatchedPoint _point;

    private OwnMonitor(FlowMonitor monitor, uint point)
    {
        _source = new FlowSource(monitor, folder: null);
        _point = _source.Add(monitor.Points.List().Single(entry => entry.Id == point));
    }

    internal FlowMonitor Monitor => _source.Monitor;

    internal MonitorHook Hook => _point.Hook;

    internal Attachment Attachment => Monitor.AttachmentOf(_point.Id);

    internal FlowTotals Totals => Monitor.Points.ReadTotals(_point.Id);

    internal static OwnMonitor Attach(string name, FlowDirection direction, MonitorOptions options)
    {
        NetInterface target = TestInterfaces.Get(name);
        FlowMonitor monitor = FlowMonitor.Create(options, points: 1, ProcessIdentity.Current, _ => { });
        try
        {
            return new OwnMonitor(monitor, monitor.Attach(target, direction, options.PlanFor(target, direction), null, _ => { })!.Value);
        }
        catch
        {
            monitor.Dispose();
            throw;
        }
    }

    /// <summary>The flows at rest; their counts add up.</summary>
    internal List<FlowStat> Flows()
    {
        _source.Take();
        Conservation.Assert(Monitor, _source.Meter.Rows);
        FlowSample sample = new(new FlowFilter(), owner: null, wantsDetails: true)
        {
            Number = 1,
            Clock = _source.Meter.Clock,
            Timestamp = _source.Meter.Clock.Local,
        };
        sample.Fill([_source], [_point]);
        return [.. sample.Flows()];
    }

    /// <summary>Waits until so many frames were counted.</summary>
    internal void WaitFor(int frames) =>
        Assert.True(SpinWait.SpinUntil(() => Totals.Packets == (ulong)frames, 5000), $"{Totals.Packets} of {frames}");

    public void Dispose() => _source.Dispose();
}

/// <summary>Interfaces by name, as a user gives it.</summary>
internal static class TestInterfaces
{
    internal static NetInterface Get(string name) => NetInterfaces.Choose(NetInterfaces.List(), new NamePattern(name)).Single();
}
