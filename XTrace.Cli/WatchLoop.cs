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
        NetInterface[] targets = [.. request.Interfaces.Select(NetInterfaces.Get)];
        List<(NetInterface Target, FlowWatch Watch)> watches = [];
        try
        {
            foreach (NetInterface target in targets)
            {
                output.WriteLine(Messages.Preparing(target.Name));
            }
            output.Flush();
            foreach (NetInterface target in targets)
            {
                FlowWatch watch = FlowWatch.Open(target, new MonitorOptions(), request.Filter, _ => { });
                watches.Add((target, watch));
                Announce(target, watch, output);
            }
            ending.Repeat(request.Interval, () => Print(watches, output));
        }
        finally
        {
            watches.ForEach(one => one.Watch.Dispose());
        }
    }

    private static void Announce(NetInterface target, FlowWatch watch, TextWriter output)
    {
        output.WriteLine(watch.IsOwn ? Messages.Loaded(target.Name) : Messages.Reading(target.Name));
        output.Flush();
        if (watch.IsOwn && watch.Hook == MonitorHook.XdpGeneric)
        {
            Console.Error.WriteLine(Messages.Generic(target.Name));
        }
    }

    private static void Print(List<(NetInterface Target, FlowWatch Watch)> watches, TextWriter output)
    {
        foreach ((NetInterface target, FlowWatch watch) in watches)
        {
            watch.Sample();
            if (watches.Count > 1)
            {
                output.WriteLine($"# {target.Name}");
            }
            foreach (FlowStat flow in watch.Flows())
            {
                output.WriteLine(flow);
            }
        }
        output.Flush();
    }
}
