using XTrace;
using XTrace.Bench;
using XTrace.Net;

const string Usage = """
    Usage: XTrace.Bench [--rounds 21] [--packets 1000000] [--json BENCH.json] [--module out/XTrace]
    """;

int rounds = 21;
int packets = 1_000_000;
string json = "BENCH.json";
string module = "out/XTrace";
foreach (string[] option in args.Chunk(2))
{
    switch (option)
    {
        case ["--rounds", var value] when int.TryParse(value, out rounds) && rounds > 0:
        case ["--packets", var count] when int.TryParse(count, out packets) && packets > 0:
            break;
        case ["--json", var path]:
            json = path;
            break;
        case ["--module", var folder]:
            module = folder;
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

try
{
    Capabilities.RequireMonitoring();
    Machine machine = Machine.Current;
    Report.Print(machine);
    KernelCostRow[] kernel = [.. KernelCost.Measure(rounds, packets)];
    Report.Print(kernel, rounds, packets);
    SnapshotCostRow[] snapshot = [.. SnapshotCost.Measure(rounds)];
    Report.Print(snapshot, rounds);
    CmdletCostResult? cmdlet = null;
    if (CmdletCost.WhyNot(module) is { } reason)
    {
        Report.Line($"\nGet-FlowStat was not measured: {reason}");
    }
    else
    {
        cmdlet = CmdletCost.Measure(module);
        Report.Print(cmdlet);
    }
    Results results = new(machine, rounds, packets, kernel, snapshot, cmdlet);
    Report.Save(results, json);
    Report.Summarise(results);
    return 0;
}
catch (Exception e) when (e is XTraceException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
