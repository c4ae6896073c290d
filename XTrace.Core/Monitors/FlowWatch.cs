using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// Samples one interface's flows in one direction: from the monitor that is pinned there, or else from one of its own,
/// which ends with it. Dispose it, and nothing of its own stays attached.
/// </summary>
internal sealed class FlowWatch : IDisposable
{
    private readonly FlowMonitor _monitor;
    private readonly NetInterface _target;
    private readonly FlowSampler _sampler;

    private FlowWatch(FlowMonitor monitor, NetInterface target, FlowFilter filter, bool isOwn)
    {
        _monitor = monitor;
        _target = target;
        _sampler = new FlowSampler(target.Name, monitor.Direction, filter);
        IsOwn = isOwn;
    }

    /// <summary>Whether the monitor is this watch's own: it has just begun to count, and ends with the watch.</summary>
    internal bool IsOwn { get; }

    internal NetInterface Target => _target;

    internal MonitorHook Hook => _monitor.Hook;

    internal FlowDirection Direction => _monitor.Direction;

    /// <summary>What its monitor counts: the rest is in no flow, whatever is asked for.</summary>
    internal FlowFilter Counted => FilterCompiler.Decompile(_monitor.Meta.Filter);

    /// <summary>Finds the interface's pinned monitors, and attaches one for each direction that has none.</summary>
    /// <param name="target">The interface.</param>
    /// <param name="directions">What is wanted; null: whatever is watched already, else what arrives.</param>
    /// <param name="options">How to attach.</param>
    /// <param name="filter">The flows that are wanted.</param>
    /// <param name="report">Is told what a curious user wants to know.</param>
    /// <returns>One a direction, ingress first.</returns>
    /// <exception cref="XTraceException">It cannot be watched; nothing is left behind.</exception>
    internal static IReadOnlyList<FlowWatch> Open(
        NetInterface target, FlowDirection? directions, MonitorOptions options, FlowFilter filter, Action<string> report)
    {
        List<FlowWatch> watches = [];
        try
        {
            watches.AddRange(MonitorStore.Open(target.Name, directions ?? FlowDirection.Both, report).Select(pinned => new FlowWatch(pinned, target, filter, isOwn: false)));
            watches.ForEach(watch => report($"{target.Name}: reading the monitor that runs on {HookPlan.Describe(watch.Hook)}, {watch.Direction}, as it was started{(watch.Counted.IsEmpty ? "" : $", with the filter {watch.Counted}")}."));
            FlowDirection wanted = directions ?? (watches.Count > 0 ? 0 : FlowDirection.Ingress);
            // What is not wanted need not take room in the table.
            MonitorOptions own = options with { Direction = wanted, Filter = FilterCompiler.Fits(filter) ? filter : new FlowFilter() };
            foreach (FlowDirection direction in own.Directions.Where(one => !watches.Exists(watch => watch.Direction == one)))
            {
                watches.Add(new FlowWatch(FlowMonitor.Attach(target, direction, own, report), target, filter, isOwn: true));
            }
        }
        catch
        {
            watches.ForEach(watch => watch.Dispose());
            throw;
        }
        return [.. watches.OrderBy(watch => watch.Direction)];
    }

    /// <summary>Reads the table; rates are from then on those since the reading before.</summary>
    /// <exception cref="XTraceException">The interface is gone, or the monitor was detached from it.</exception>
    internal void Sample()
    {
        (int index, _, _) = _monitor.QueryAttachment();
        if (index == 0 || NetInterfaces.NameOf(index) == null)
        {
            throw new XTraceException(
                "InterfaceGone",
                XTraceErrorKind.NotFound,
                $"{_target.Name} is not watched any more: the interface is gone, or its monitor was detached. "
                + "If it is back, start again.",
                _target.Name);
        }
        _sampler.Take(_monitor.Read, _monitor.Start);
    }

    /// <summary>The flows of the last sample, in no particular order.</summary>
    internal IEnumerable<FlowStat> Flows() => _sampler.All();

    /// <summary>The n greatest flows of the last sample, greatest first.</summary>
    internal IEnumerable<FlowStat> Top(int n, FlowOrder order) => _sampler.Top(n, order);

    /// <summary>Takes a program of its own off, from any thread, while another may still read.</summary>
    internal void Detach()
    {
        if (IsOwn)
        {
            _monitor.Detach();
        }
    }

    public void Dispose() => _monitor.Dispose();
}
