using System.Globalization;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The memory of a flow table: locked, of the kernel, for as long as the monitor lives.</summary>
internal static class TableMemory
{
    private const long Kibi = 1024;

    /// <summary>Says what a table will take, before it is taken.</summary>
    /// <exception cref="XTraceException">There is not as much.</exception>
    internal static void Require(NetInterface target, FlowDirection direction, MonitorOptions options, Action<string> report)
    {
        int cpus = FlowProgram.PossibleCpus;
        long size = FlowTable.SizeOf(cpus, options.SetsPerCpu);
        string what = $"the flow table for {direction} takes {size / Kibi} KiB: {cpus} CPUs, {options.MaxFlow} flows each";
        report($"{target.Name}: {what}.");
        long available = Available;
        if (size > available)
        {
            throw new XTraceException(
                "OutOfMemory",
                XTraceErrorKind.ResourceUnavailable,
                $"{target.Name}: {what}, and only {available / Kibi} KiB of memory are available. Ask for fewer flows.",
                target.Name);
        }
    }

    /// <summary>What can be had without swapping: MemAvailable of proc_meminfo(5), in bytes.</summary>
    private static long Available
    {
        get
        {
            const string Label = "MemAvailable:";
            string line = File.ReadLines("/proc/meminfo").First(one => one.StartsWith(Label, StringComparison.Ordinal));
            return Kibi * long.Parse(line.AsSpan(Label.Length).TrimEnd("kB"), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
    }
}
