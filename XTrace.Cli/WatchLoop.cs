using System.Diagnostics;
using System.Runtime.InteropServices;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Cli;

/// <summary>Attaches, prints the flows at each interval, and detaches when a signal comes or nobody reads any more.</summary>
internal static class WatchLoop
{
    /// <summary>How long a sample that is being written may still take after a signal.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the user ends it.</summary>
    /// <exception cref="XTraceException">An interface cannot be watched, or not any more; none is then.</exception>
    internal static void Run(WatchRequest request, TextWriter output)
    {
        ManualResetEventSlim stop = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        StandardOutput.WhenClosed(stop.Set);

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
            Repeat(request.Interval, stop, () => Print(watches, output));
        }
        finally
        {
            watches.ForEach(one => one.Watch.Dispose());
        }
    }

    private static void Stop(PosixSignalContext signal, ManualResetEventSlim stop)
    {
        signal.Cancel = true;
        stop.Set();
        // The reader of a full pipe may never go on. What is attached ends with the process.
        Thread.Sleep(s_grace);
        Environment.Exit(0);
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

    /// <summary>Calls at each multiple of the interval, so that no delay adds up; those that are past already are left out.</summary>
    private static void Repeat(TimeSpan interval, ManualResetEventSlim stop, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        long next = 1;
        while (!stop.Wait(Max(TimeSpan.Zero, (interval * next) - Stopwatch.GetElapsedTime(start))))
        {
            action();
            next = Math.Max(next, (long)(Stopwatch.GetElapsedTime(start) / interval)) + 1;
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

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
