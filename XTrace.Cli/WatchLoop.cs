using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Cli;

/// <summary>Attaches, prints the flows at each interval, and detaches when a signal comes or nobody reads any more.</summary>
internal static class WatchLoop
{
    /// <summary>Returns when the user ends it.</summary>
    /// <exception cref="XTraceException">An interface cannot be watched, or not any more; none is then.</exception>
    internal static void Run(WatchRequest request, TextWriter output)
    {
        using Ending ending = new();
        NetInterface[] targets = [.. request.Interfaces.Select(NetInterfaces.Get).DistinctBy(one => one.Index)];
        List<FlowWatch> watches = [];
        ending.Abandon = () => Detach(watches);
        try
        {
            foreach (NetInterface target in targets)
            {
                watches.AddRange(FlowWatch.Open(target, request.Directions, request.Options, request.Filter, _ => { }));
            }
            // Not before all are watched: what is wrong with the request is said alone.
            Announce(targets, watches, request.AttachMode, request.Json ? Console.Error : output);
            WarnIfStacked(targets);
            ending.Repeat(request.Interval, request.Once, () => Print(watches, request.Json, output));
        }
        finally
        {
            watches.ForEach(watch => watch.Dispose());
        }
    }

    private static void Announce(NetInterface[] targets, List<FlowWatch> watches, AttachMode mode, TextWriter notes)
    {
        foreach (NetInterface target in targets)
        {
            notes.WriteLine(Messages.Preparing(target.Name));
        }
        foreach (FlowWatch watch in watches)
        {
            notes.WriteLine(watch.IsOwn
                ? Messages.Loaded(watch.Target.Name, watch.Hook, watch.Direction)
                : Messages.Reading(watch.Target.Name, watch.Direction, watch.Counted));
            notes.Flush();
            if (watch.IsOwn && watch.Hook == MonitorHook.XdpGeneric && mode == AttachMode.Auto)
            {
                Console.Error.WriteLine(Messages.Generic(watch.Target.Name));
            }
        }
    }

    private static void Detach(List<FlowWatch> watches)
    {
        try
        {
            watches.ForEach(watch => watch.Detach());
        }
        catch (Exception gone) when (gone is XTraceException or ObjectDisposedException)
        {
            // The mode was left after all, and does it.
        }
    }

    private static void WarnIfStacked(IEnumerable<NetInterface> targets)
    {
        foreach ((NetInterface upper, NetInterface lower) in StackedInterfaces.Among(NetInterfaces.List(), targets.Select(one => one.Index).ToHashSet()))
        {
            Console.Error.WriteLine(Messages.Stacked(upper.Name, lower.Name));
        }
    }

    private static void Print(List<FlowWatch> watches, bool json, TextWriter output)
    {
        bool bothDirections = watches.DistinctBy(watch => watch.Direction).Count() > 1;
        foreach (FlowWatch watch in watches)
        {
            watch.Sample();
            if (watches.Count > 1 && !json)
            {
                string direction = bothDirections ? $" {watch.Direction.ToString().ToLowerInvariant()}" : "";
                output.WriteLine($"# {watch.Target.Name}{direction}");
            }
            foreach (FlowStat flow in watch.Flows())
            {
                output.WriteLine(json ? JsonLine.Of(flow) : flow.ToString());
            }
        }
        output.Flush();
    }
}
