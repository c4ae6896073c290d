using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Bench;

/// <summary>Fills a table with 65,536 flows.</summary>
internal static class TableFill
{
    internal const int Flows = 65536;
    private const int Candidates = 1 << 20;

    /// <summary>Each flow on one CPU, as the queues of a NIC spread them: exactly 65,536.</summary>
    internal static void Spread(BpfHandle program, ProgramKind kind, FlowMonitor monitor, int interfaceIndex = 0)
    {
        using Driver driver = new(Candidates, kind, interfaceIndex);
        int cpus = (int)monitor.Meta.Cpus;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            using PinnedThread pin = new(cpu);
            FillUpTo((int)((long)Flows * (cpu + 1) / cpus), driver, program, monitor);
        }
    }

    /// <summary>Every flow on every CPU. Where sets overflow, CPUs may keep different flows: 65,536 and a few more.</summary>
    internal static void Repeat(BpfHandle program, ProgramKind kind, FlowMonitor monitor)
    {
        int packets = 0;
        int cpus = (int)monitor.Meta.Cpus;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            using Driver driver = new(Candidates, kind);
            using PinnedThread pin = new(cpu);
            if (cpu == 0)
            {
                packets = FillUpTo(Flows, driver, program, monitor);
            }
            else
            {
                driver.Run(program, packets);
            }
        }
    }

    private static int FillUpTo(int flows, Driver driver, BpfHandle program, FlowMonitor monitor)
    {
        FlowSnapshot snapshot = new();
        int packets = 0;
        while (true)
        {
            monitor.Read(snapshot);
            // A new flow adds one or evicts one: a packet for each that is missing never makes too many.
            int missing = flows - snapshot.Count;
            if (missing <= 0)
            {
                return packets;
            }
            driver.Run(program, missing);
            packets += missing;
        }
    }
}
