using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// Samples one interface's flows: from the monitor that is pinned there, or else from one of its own, which ends with
/// it. Dispose it, and nothing of its own stays attached.
/// </summary>
internal sealed class FlowWatch : IDisposable
{
    private readonly FlowMonitor _monitor;
    private readonly string _interfaceAlias;
    private readonly FlowSampler _sampler;

    private FlowWatch(FlowMonitor monitor, string interfaceAlias, FlowFilter filter, bool isOwn)
    {
        _monitor = monitor;
        _interfaceAlias = interfaceAlias;
        _sampler = new FlowSampler(interfaceAlias, filter);
        IsOwn = isOwn;
    }

    /// <summary>Whether the monitor is this watch's own: it has just begun to count, and ends with the watch.</summary>
    internal bool IsOwn { get; }

    internal MonitorHook Hook => _monitor.Hook;

    /// <summary>Finds the interface's pinned monitor, or attaches one.</summary>
    /// <param name="target">The interface.</param>
    /// <param name="options">How to attach, where there is no monitor.</param>
    /// <param name="filter">The flows that are wanted.</param>
    /// <param name="report">Is told what a curious user wants to know.</param>
    /// <exception cref="XTraceException">It cannot be watched.</exception>
    internal static FlowWatch Open(NetInterface target, MonitorOptions options, FlowFilter filter, Action<string> report)
    {
        return MonitorStore.Open(target.Name) is { } pinned
            ? new FlowWatch(pinned, target.Name, filter, isOwn: false)
            : new FlowWatch(FlowMonitor.Attach(target, options, report), target.Name, filter, isOwn: true);
    }

    /// <summary>Reads the table; rates are from then on those since the reading before.</summary>
    /// <exception cref="XTraceException">The interface is gone, or the monitor was detached from it.</exception>
    internal void Sample()
    {
        if (_monitor.QueryLink().InterfaceIndex == 0)
        {
            throw new XTraceException(
                "InterfaceGone",
                XTraceErrorKind.NotFound,
                $"{_interfaceAlias} is not watched any more: the interface is gone, or its monitor was detached. "
                + "If it is back, start again.",
                _interfaceAlias);
        }
        _sampler.Take(_monitor.Read, _monitor.Start);
    }

    /// <summary>The flows of the last sample, in no particular order.</summary>
    internal IEnumerable<FlowStat> Flows() => _sampler.All();

    /// <summary>The n greatest flows of the last sample, greatest first.</summary>
    internal IEnumerable<FlowStat> Top(int n, FlowOrder order) => _sampler.Top(n, order);

    public void Dispose() => _monitor.Dispose();
}
