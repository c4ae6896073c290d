using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>Pinned monitors one by one, as tests want them. Call it in the interface's network namespace.</summary>
internal static class Store
{
    /// <summary>Starts one; its error is thrown.</summary>
    internal static XdpMonitor Start(string name, FlowDirection direction, MonitorOptions options, bool force = false)
    {
        List<Notice> errors = [];
        IReadOnlyList<XdpMonitor> started = MonitorStore.Start(
            [(TestInterfaces.Get(name), direction)], options, force, notice => Collect(notice, errors));
        return errors is [var error, ..] ? throw error.Error! : started.Single();
    }

    internal static IReadOnlyList<XdpMonitor> List() => MonitorStore.List(withCounts: true);

    internal static XdpMonitor? Find(string name, FlowDirection direction = FlowDirection.Ingress) =>
        List().SingleOrDefault(monitor => monitor.InterfaceAlias == name && monitor.Direction == direction);

    /// <summary>Stops some; the first error is thrown.</summary>
    internal static void Stop(params IReadOnlyList<XdpMonitor> monitors)
    {
        List<Notice> errors = [];
        List<XdpMonitor> stopped = [];
        MonitorStore.Stop(monitors, notice => Collect(notice, errors), stopped.Add);
        if (errors is [var error, ..])
        {
            throw error.Error!;
        }
        Assert.Equal(monitors, stopped);
    }

    private static void Collect(Notice notice, List<Notice> errors)
    {
        if (notice.Level == NoticeLevel.Error)
        {
            errors.Add(notice);
        }
    }
}
