using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XTrace.Bench;

/// <summary>Results as tables for people and as JSON for programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    internal static void Print(BenchMachine machine) =>
        Line($"{machine.CpuModel}, {machine.Cpus} CPUs, Linux {machine.Kernel}, {machine.Date:yyyy-MM-dd HH:mm}");

    internal static void Print(IReadOnlyList<KernelCostRow> rows, int rounds, int packets)
    {
        Heading("Kernel cost");
        Line($"Nanoseconds a packet above an empty program; median of {rounds} rounds of {packets:N0} packets.");
        Line($"held: share of the packets that the table can still say the flow of. counted: with evicted flows.");
        Line($"The flows take turns, packet by packet: the worst case for a table with too little room.");
        Line(
            $"Target: at most {KernelCostRow.PlainTarget} of the plain hash and {KernelCostRow.LruTarget} of the LRU per-CPU hash, ",
            $"and at most the bound.");
        foreach (IGrouping<string, KernelCostRow> tables in rows.GroupBy(row => row.Tables))
        {
            Line($"");
            Line($"Tables: {tables.Key}");
            Table(
                ["flows", "plain", "held", "LRU", "held", "XTrace", "held", "counted", "bound", "/plain", "/LRU", "target"],
                tables.Select(row => (string[])
                [
                    Text($"{row.Flows:N0}"),
                    Text($"{row.Plain.Nanoseconds.Median:F1}"), Text($"{row.Plain.Attributed:P1}"),
                    Text($"{row.Lru.Nanoseconds.Median:F1}"), Text($"{row.Lru.Attributed:P1}"),
                    Text($"{row.XTrace.Nanoseconds.Median:F1}"), Text($"{row.XTrace.Attributed:P1}"),
                    Text($"{row.Accounted:P1}"), Text($"{row.Bound:F0}"),
                    Text($"{row.ToPlain:F2}"), Text($"{row.ToLru:F2}"), Verdict(row.Met),
                ]));
        }
    }

    internal static void Print(IReadOnlyList<TcCostRow> rows, int rounds, int packets)
    {
        Heading("TC cost");
        Line($"Nanoseconds a packet above an empty program of the same kind; median of {rounds} rounds of {packets:N0} packets.");
        Line($"Target: at most {TcCostRow.Target} of XDP.");
        Line($"");
        Table(
            ["room a CPU", "flows", "XDP", "TC", "/XDP", "target"],
            rows.Select(row => (string[])
            [
                Text($"{row.Slots:N0}"), Text($"{row.Flows:N0}"), Text($"{row.Xdp.Median:F1}"), Text($"{row.Tc.Median:F1}"),
                Text($"{row.ToXdp:F2}"), Verdict(row.Met),
            ]));
    }

    internal static void Print(IReadOnlyList<DetailCostRow> rows, int rounds, int packets)
    {
        Heading("Details");
        Line(
            $"Nanoseconds a packet that a monitor takes without and with -Detail, above an empty program; ",
            $"median of {rounds} rounds of {packets:N0}.");
        Line($"");
        Table(
            ["program", "flows", "without", "with", "added"],
            rows.Select(row => (string[])
            [
                row.Program, Text($"{row.Flows:N0}"),
                Text($"{row.Plain.Median:F1}"), Text($"{row.Detailed.Median:F1}"), Text($"{row.Added:F1}"),
            ]));
    }

    internal static void Print(IReadOnlyList<ThroughputRow> rows, int rounds)
    {
        Heading("Throughput");
        Line(
            $"Gbit/s of one TCP stream over a veth pair, iperf3 for {Iperf.Seconds} s a run; ",
            $"median of {Math.Min(rounds, Throughput.MaxRounds)} runs of each, taking turns.");
        Line($"One end is watched: by Auto in both directions, by native XDP in the only one that it has, ingress.");
        Line($"Target: Auto at least {ThroughputRow.Target} of unwatched.");
        Line($"");
        Table(
            ["data", "unwatched", "Auto", "hook", "/unwatched", "native XDP", "/unwatched", "target"],
            rows.Select(row => (string[])
            [
                $"{row.Data}", Text($"{row.Unwatched.Median:F2}"),
                Text($"{row.Auto.Median:F2}"), $"{row.Hook}", Text($"{row.AutoToUnwatched:F2}"),
                Text($"{row.Native.Median:F2}"), Text($"{row.NativeToUnwatched:F2}"), Verdict(row.Met),
            ]));
    }

    internal static void Print(IReadOnlyList<SnapshotCostRow> rows, int rounds)
    {
        Heading("Snapshot");
        Line($"Milliseconds to read all flows of XTrace's table, and of a hash map with the same; median of {rounds}.");
        Line($"Target: at most {SnapshotCostRow.WalkTarget} of the walk.");
        Line($"");
        Table(
            ["flows", "counted on", "XTrace", "walk", "batch", "/walk", "/batch", "target"],
            rows.Select(row => (string[])
            [
                Text($"{row.Flows:N0}"), row.Placement, Text($"{row.Snapshot.Median:F2}"), Text($"{row.Walk.Median:F2}"),
                Text($"{row.Batch.Median:F2}"), Text($"{row.ToWalk:F3}"), Text($"{row.ToBatch:F3}"), Verdict(row.Met),
            ]));
    }

    internal static void Print(RdmaCostResult cost, int rounds)
    {
        Heading("RDMA counters");
        Line(
            $"Milliseconds to read {cost.Counters:N0} counters of {cost.Devices} devices again, in a tree laid out as sysfs; ",
            $"median of {rounds}.");
        Line($"Against opening, reading and closing each: with the library's File.OpenHandle, and with bare system calls.");
        Line(
            $"Target: at most {RdmaCostResult.Target} of the library, ",
            $"and no allocation but the {cost.ObjectBytes:F0} bytes of each object that is emitted.");
        Line($"");
        Table(
            ["XTrace", "library", "system calls", "/library", "/system calls", "allocated", "target"],
            [
                [
                    Text($"{cost.Sample.Median:F2}"), Text($"{cost.Library.Median:F2}"), Text($"{cost.SystemCalls.Median:F2}"),
                    Text($"{cost.ToLibrary:F3}"), Text($"{cost.ToSystemCalls:F3}"), Text($"{cost.AllocatedBytes:N0} B"), Verdict(cost.Met),
                ],
            ]);
    }

    internal static void Print(QueuePairCostResult cost, int rounds)
    {
        Heading("Queue pairs");
        Line(
            $"Milliseconds to list {cost.QueuePairs:N0} queue pairs; median of {rounds}. ",
            $"Target: at most {QueuePairCostResult.Target} ms above the tool.");
        Line($"");
        Table(
            ["XTrace", "rdma resource show qp", "above it", "target"],
            [[Text($"{cost.List.Median:F1}"), Text($"{cost.Tool.Median:F1}"), Text($"{cost.AboveTool:F1}"), Verdict(cost.Met)]]);
    }

    internal static void Print(IReadOnlyList<SocketCostRow> rows, int rounds)
    {
        Heading("Sockets");
        Line(
            $"Milliseconds that details add to a sample: all sockets read, and those that are gone found; ",
            $"median of {Math.Min(rounds, SocketCost.MaxRounds)}.");
        Line($"Both ends of each connection are here. Opening: the BPF programs are loaded, and the sockets read for the first time.");
        Line($"");
        Table(
            ["sockets", "processes", "BPF", "sock_diag", "opening", "target"],
            rows.Select(row => (string[])
            [
                Text($"{row.Sockets:N0}"), Text($"{row.Processes}"), Text($"{row.Program.Median:F1}"), Text($"{row.Diagnosis.Median:F1}"),
                Text($"{row.Open.Median:F1}"), $"{Verdict(row.Met)} ({row.Target:F0})",
            ]));
    }

    internal static void Print(CmdletCostResult cost)
    {
        Heading("Get-FlowStat");
        Line($"From call to last object, in a pwsh of its own; median of {CmdletCost.Rounds}. Monitor: {cost.Hook}.");
        Line($"Own time: of a pwsh that imports the module and samples 1 s, above an empty pwsh and that second.");
        Line($"");
        Table(
            ["what", "objects", "ms", "target"],
            [
                ["all flows, first call", Text($"{cost.Flows:N0}"), Text($"{cost.First:F1}"), ""],
                ["all flows", Text($"{cost.Flows:N0}"), Text($"{cost.All.Median:F1}"), ""],
                ["-Top 20", "20", Text($"{cost.Top.Median:F1}"), ""],
                ["own time", "", Text($"{cost.OwnTime.Median:F0}"), $"{Verdict(cost.Met)} (400)"],
            ]);
    }

    internal static void Print(IReadOnlyList<ManyCostRow> rows)
    {
        Heading("Many interfaces");
        Line($"Seconds from call to last object in a pwsh of its own, veth interfaces in both directions.");
        Line(
            $"Target, up to {ManyCostRow.LimitsAreFor} interfaces: Start {ManyCostRow.StartTarget} s, ",
            $"Get-FlowStat {ManyCostRow.FlowsTarget} s, Get-XdpMonitor {ManyCostRow.ListTarget} s, Stop {ManyCostRow.StopTarget} s, ",
            $"{ManyCostRow.LockedTarget >> 20} MiB locked.");
        Line($"");
        Table(
            ["interfaces", "Start", "Get-FlowStat", "Get-XdpMonitor", "Stop", "locked MiB", "target"],
            rows.Select(row => (string[])
            [
                Text($"{row.Interfaces}"), Text($"{row.Start:F2}"), Text($"{row.Flows:F2}"), Text($"{row.List:F2}"), Text($"{row.Stop:F2}"),
                Text($"{row.LockedBytes / 1048576.0:F1}"), row.Interfaces > ManyCostRow.LimitsAreFor ? "" : Verdict(row.Met),
            ]));
    }

    internal static void Print(ExportCostResult cost)
    {
        Heading("xtrace-exporter");
        Line(
            $"{cost.PacketsPerSecond:N0} packets a second of {TableFill.Flows:N0} flows for {cost.Seconds:F0} s, IPFIX over UDP: ",
            $"{cost.Records:N0} records.");
        Line($"Unread and read: CPU nanoseconds of a packet in the kernel, without the exporter and while it ran.");
        Line(
            $"Target: read at most {ExportCostResult.RatioTarget} of unread, {ExportCostResult.CpuTarget:P0} of one CPU, ",
            $"{ExportCostResult.MemoryTarget >> 20} MiB resident.");
        Line($"");
        Table(
            ["unread", "read", "/unread", "CPU", "resident MiB", "at most", "target"],
            [
                [
                    Text($"{cost.Unread:F1}"), Text($"{cost.Read:F1}"), Text($"{cost.Ratio:F2}"), Text($"{cost.CpuShare:P1}"),
                    Text($"{cost.ResidentBytes / 1048576.0:F1}"), Text($"{cost.HighestBytes / 1048576.0:F1}"), Verdict(cost.Met),
                ],
            ]);
    }

    internal static void Summarise(Results results)
    {
        Line($"");
        const string Missed = "Targets missed: see above. Other load on the machine can do that; run again on a quiet one.";
        Line($"{(results.AllMet ? "All targets met." : Missed)}");
    }

    internal static void Save(Results results, string path) => File.WriteAllText(path, JsonSerializer.Serialize(results, s_json) + "\n");

    /// <summary>Writes a line that is given in one part or several.</summary>
    internal static void Line(params FormattableString[] parts) => Console.WriteLine(string.Concat(parts.Select(Text)));

    private static void Heading(string title)
    {
        Line($"");
        Line($"## {title}");
    }

    private static string Verdict(bool met) => met ? "met" : "missed";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Table(string[] header, IEnumerable<string[]> body)
    {
        string[][] rows = [header, .. body];
        int[] widths = [.. header.Select((_, column) => rows.Max(row => row[column].Length))];
        for (int i = 0; i < rows.Length; i++)
        {
            Line($"| {string.Join(" | ", rows[i].Select((cell, column) => cell.PadLeft(widths[column])))} |");
            if (i == 0)
            {
                Line($"|{string.Join('|', widths.Select(width => new string('-', width + 1) + ':'))}|");
            }
        }
    }
}
