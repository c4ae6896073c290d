using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>What xtrace-exporter takes while a million packets of 65,536 flows are counted a second, and what it makes them cost.</summary>
/// <param name="Seconds">How long it ran.</param>
/// <param name="PacketsPerSecond">What was counted meanwhile.</param>
/// <param name="Unread">CPU time of a packet in the kernel, in nanoseconds, before the exporter began and after it ended.</param>
/// <param name="Read">The same while it ran.</param>
/// <param name="CpuShare">Its CPU time, as a share of one CPU's.</param>
/// <param name="ResidentBytes">Its resident memory in the end.</param>
/// <param name="HighestBytes">The most that was resident.</param>
/// <param name="Records">The flow records that its collector received.</param>
internal sealed record ExportCostResult(
    double Seconds, double PacketsPerSecond, double Unread, double Read, double CpuShare,
    long ResidentBytes, long HighestBytes, long Records)
{
    internal const double RatioTarget = 1.1;
    internal const double CpuTarget = 0.05;
    internal const long MemoryTarget = 64L << 20;

    public double Ratio => Read / Unread;

    public bool Met => Ratio <= RatioTarget && CpuShare <= CpuTarget && HighestBytes <= MemoryTarget;
}

/// <summary>
/// A pinned monitor, whose program is driven at a steady pace, and an exporter in a process of its own that reads it: IPFIX over
/// UDP, with its default timeouts, so that each flow has a record every 60 seconds.
/// </summary>
internal static class ExportCost
{
    /// <summary>Three records of each flow.</summary>
    internal const int DefaultSeconds = 195;

    private const int PacketsPerSecond = 1_000_000;
    private const int StepsPerSecond = 100;
    private const int UnreadSeconds = 20;
    private const double TicksPerSecond = 100; // USER_HZ: proc(5), sysconf(_SC_CLK_TCK)

    internal static string? WhyNot(string exporter) => File.Exists(exporter) ? null : $"there is no {exporter}: run 'make build' first";

    internal static ExportCostResult Measure(string exporter, int seconds)
    {
        using BenchPair pair = new();
        return pair.Run(() => Measure(pair.Interface, exporter, seconds));
    }

    private static ExportCostResult Measure(string name, string exporter, int seconds)
    {
        NetInterface target = NetInterfaces.List().Single(target => target.Name == name);
        MonitorStore.Start([(target, FlowDirection.Ingress)], new MonitorOptions(), force: false, _ => { });
        FlowMonitor monitor = MonitorStore.Open(new HashSet<int> { target.Index }, FlowDirection.Ingress, _ => { })[0].Monitor;
        using BpfHandle program = FlowProgram.Load(
            FlowProgram.NameOf(MonitorHook.Tcx, FlowDirection.Ingress), monitor.Maps, hasDetails: false);
        using Driver driver = new(TableFill.Flows, ProgramKind.Tc, target.Index);
        using PinnedThread pin = new(Environment.ProcessorCount - 1); // all flows in one CPU's part of the table
        double before = Drive(driver, program, UnreadSeconds).Nanoseconds;
        Command.Run("ip", "link", "set", "lo", "up");
        using Collector collector = new();
        using Process process = Process.Start(new ProcessStartInfo(
            exporter, ["-i", name, "--ipfix", $"udp://{collector.Address}"]) { RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        Stopwatch time = Stopwatch.StartNew();
        (double read, double packets) = Drive(driver, program, seconds);
        double elapsed = time.Elapsed.TotalSeconds;
        double cpu = CpuSeconds(process.Id) / elapsed;
        (long resident, long highest) = (Memory(process.Id, "VmRSS:"), Memory(process.Id, "VmHWM:"));
        Command.Run("kill", "-TERM", $"{process.Id}");
        process.WaitForExit();
        double unread = (before + Drive(driver, program, UnreadSeconds).Nanoseconds) / 2;
        monitor.Dispose();
        return new ExportCostResult(elapsed, packets / elapsed, unread, read, cpu, resident, highest, collector.Records);
    }

    /// <summary>Counts a million packets a second, in steps.</summary>
    private static (double Nanoseconds, double Packets) Drive(Driver driver, BpfHandle program, int seconds)
    {
        double nanoseconds = 0;
        long steps = 0;
        for (Stopwatch time = Stopwatch.StartNew(); time.Elapsed.TotalSeconds < seconds;)
        {
            double late = (time.Elapsed.TotalSeconds * StepsPerSecond) - steps;
            if (late < 0)
            {
                Thread.Sleep(1);
                continue;
            }
            nanoseconds += driver.Run(program, PacketsPerSecond / StepsPerSecond);
            steps++;
        }
        return (nanoseconds / steps, (double)steps * PacketsPerSecond / StepsPerSecond);
    }

    private static double CpuSeconds(int process)
    {
        // The second field is a name in brackets, which may hold spaces.
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return ticks / TicksPerSecond;
    }

    private static long Memory(int process, string name)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    /// <summary>A collector. RFC 7011 numbers records: each message has the number of its first.</summary>
    private sealed class Collector : IDisposable
    {
        private const int SequenceOffset = 8;

        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private long _records;

        internal Collector()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            new Thread(Receive) { IsBackground = true }.Start();
        }

        internal EndPoint Address => _socket.LocalEndPoint!;

        internal long Records => Interlocked.Read(ref _records);

        public void Dispose() => _socket.Dispose();

        private void Receive()
        {
            byte[] buffer = new byte[65536];
            try
            {
                while (true)
                {
                    _ = _socket.Receive(buffer);
                    Interlocked.Exchange(ref _records, BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(SequenceOffset)));
                }
            }
            catch (SocketException)
            {
                // It was closed.
            }
        }
    }
}
