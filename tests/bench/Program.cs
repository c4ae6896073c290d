using XTrace;
using XTrace.Bench;
using XTrace.Net;

const string Usage = """
    Usage: XTrace.Bench [--part all|kernel|tc|details|throughput|snapshot|rdma|queuepairs|sockets|cmdlet|many|export] [--rounds 21]
                        [--packets 1000000] [--seconds 195] [--json BENCH.json] [--module out/XTrace] [--exporter out/xtrace-exporter]
    """;

string part = "all";
int rounds = 21;
int packets = 1_000_000;
string json = "BENCH.json";
string module = "out/XTrace";
string exporter = "out/xtrace-exporter";
int seconds = ExportCost.DefaultSeconds;
foreach (string[] option in args.Chunk(2))
{
    switch (option)
    {
        case ["--part", "all" or "kernel" or "tc" or "details" or "throughput" or "snapshot" or "rdma" or "queuepairs" or "sockets"
            or "cmdlet" or "many" or "export"]:
            part = option[1];
            break;
        case ["--rounds", var value] when int.TryParse(value, out rounds) && rounds > 0:
        case ["--packets", var count] when int.TryParse(count, out packets) && packets > 0:
        case ["--seconds", var time] when int.TryParse(time, out seconds) && seconds > 0:
            break;
        case ["--json", var path]:
            json = path;
            break;
        case ["--module", var folder]:
            module = folder;
            break;
        case ["--exporter", var program]:
            exporter = program;
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

try
{
    Capabilities.RequireMonitoring();
    BenchMachine machine = BenchMachine.Current;
    Report.Print(machine);
    KernelCostRow[] kernel = [];
    if (Wants("kernel"))
    {
        kernel = [.. KernelCost.Measure(rounds, packets)];
        Report.Print(kernel, rounds, packets);
    }
    TcCostRow[] tc = [];
    if (Wants("tc"))
    {
        tc = [.. TcCost.Measure(rounds, packets)];
        Report.Print(tc, rounds, packets);
    }
    DetailCostRow[] details = [];
    if (Wants("details"))
    {
        details = [.. DetailCost.Measure(rounds, packets)];
        Report.Print(details, rounds, packets);
    }
    ThroughputRow[] throughput = [];
    if (Wants("throughput"))
    {
        throughput = [.. Throughput.Measure(rounds)];
        Report.Print(throughput, rounds);
    }
    SnapshotCostRow[] snapshot = [];
    if (Wants("snapshot"))
    {
        snapshot = [.. SnapshotCost.Measure(rounds)];
        Report.Print(snapshot, rounds);
    }
    RdmaCostResult? rdma = null;
    if (Wants("rdma"))
    {
        rdma = RdmaCost.Measure(rounds);
        Report.Print(rdma, rounds);
    }
    QueuePairCostResult? queuePairs = null;
    if (Wants("queuepairs") && QueuePairCost.WhyNot() is { } without)
    {
        Report.Line($"\nQueue pairs were not listed: {without}");
    }
    else if (Wants("queuepairs"))
    {
        queuePairs = QueuePairCost.Measure(rounds);
        Report.Print(queuePairs, rounds);
    }
    SocketCostRow[] sockets = [];
    if (Wants("sockets"))
    {
        sockets = [.. SocketCost.Measure(rounds)];
        Report.Print(sockets, rounds);
    }
    CmdletCostResult? cmdlet = null;
    if (Wants("cmdlet") && CmdletCost.WhyNot(module) is { } reason)
    {
        Report.Line($"\nGet-FlowStat was not measured: {reason}");
    }
    else if (Wants("cmdlet"))
    {
        cmdlet = CmdletCost.Measure(module);
        Report.Print(cmdlet);
    }
    ManyCostRow[] many = [];
    if (Wants("many") && CmdletCost.WhyNot(module) is { } missing)
    {
        Report.Line($"\nMany interfaces were not measured: {missing}");
    }
    else if (Wants("many"))
    {
        many = [.. ManyCost.Measure(module)];
        Report.Print(many);
    }
    ExportCostResult? export = null;
    if (Wants("export") && ExportCost.WhyNot(exporter) is { } absent)
    {
        Report.Line($"\nThe exporter was not measured: {absent}");
    }
    else if (Wants("export"))
    {
        export = ExportCost.Measure(exporter, seconds);
        Report.Print(export);
    }
    Results results = new(
        machine, rounds, packets, kernel, tc, details, throughput, snapshot, rdma, queuePairs, sockets, cmdlet, many, export);
    Report.Save(results, json);
    Report.Summarise(results);
    return 0;
}
catch (Exception e) when (e is XTraceException or InvalidOperationException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

bool Wants(string name) => part == "all" || part == name;
