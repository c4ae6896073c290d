using System.Buffers.Text;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using XTrace.Rdma;
using XTrace.Sessions;
using XTrace.Testbed;

namespace XTrace.Bench;

/// <summary>What a sample of RDMA counters takes, in milliseconds.</summary>
/// <param name="Devices">Devices in the tree.</param>
/// <param name="Counters">Counters in all of them.</param>
/// <param name="Sample">XTrace's second and later samples, with looking for what is new or gone.</param>
/// <param name="SystemCalls">Opening, reading, parsing and closing each file with bare system calls.</param>
/// <param name="Library">The same with File.OpenHandle and RandomAccess.Read.</param>
/// <param name="AllocatedBytes">What a sample allocates, without the objects that are emitted of it.</param>
/// <param name="ObjectBytes">What is allocated for each counter that is emitted.</param>
internal sealed record RdmaCostResult(
    int Devices, int Counters, Distribution Sample, Distribution SystemCalls, Distribution Library, long AllocatedBytes, double ObjectBytes)
{
    internal const double Target = 0.2;

    public double ToSystemCalls => Sample.Median / SystemCalls.Median;

    public double ToLibrary => Sample.Median / Library.Median;

    public bool Met => ToLibrary <= Target && AllocatedBytes == 0;
}

/// <summary>Reading all counters of many devices again and again: XTrace's open files against opening each every time.</summary>
internal static class RdmaCost
{
    private const int Devices = 64;
    private const int CountersOfDevice = 60;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);

    internal static RdmaCostResult Measure(int rounds)
    {
        using SysfsTree tree = new();
        string[] paths = [.. Enumerable.Range(0, Devices).SelectMany(i => AddDevice(tree, i))];
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, tree.Root);
        RdmaSessionOptions options = new() { Samples = null };
        using RdmaSession session = new(options, notice => throw new InvalidOperationException(notice.Text));
        session.Open();
        if (session.Counters != paths.Length || paths.Length != Devices * CountersOfDevice)
        {
            throw new InvalidOperationException($"{session.Counters} counters were found, not {Devices * CountersOfDevice}.");
        }
        byte[] buffer = new byte[64];
        Action[] ways = [() => session.Sample(), () => BySystemCalls(paths, buffer), () => ByLibrary(paths, buffer)];
        double[][] times = [.. ways.Select(_ => new double[rounds])];
        for (Stopwatch warmUp = Stopwatch.StartNew(); warmUp.Elapsed < s_warmUp;)
        {
            Array.ForEach(ways, way => way());
        }
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++)
            {
                times[i][round] = Time(ways[i]);
            }
        }
        long allocated = Allocated(() => session.Sample());
        RdmaSample sample = session.Sample();
        RdmaCounter[] counters = [];
        long objects = Allocated(() => counters = [.. sample.Counters()]);
        if (counters.Any(counter => counter.Status != RdmaCounterStatus.Ok || counter.RawValue != 1_234_567_890))
        {
            throw new InvalidOperationException("A counter was not read.");
        }
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, null);
        return new RdmaCostResult(
            Devices, paths.Length, Distribution.From(times[0]), Distribution.From(times[1]), Distribution.From(times[2]),
            allocated, (double)objects / counters.Length);
    }

    /// <summary>The layout of mlx5: a port with counters and hw_counters.</summary>
    private static IEnumerable<string> AddDevice(SysfsTree tree, int index)
    {
        string port = tree.AddPort(tree.AddDevice($"mlx5_{index}", "mlx5_core", $"0000:{index:x2}:00.0"));
        foreach (string folder in new[] { "counters", "hw_counters" })
        {
            string[] names = [.. Enumerable.Range(0, CountersOfDevice / 2).Select(i => $"{folder}_{i}")];
            tree.AddCounters($"{port}/{folder}", names, "1234567890");
            foreach (string name in names)
            {
                yield return tree.PathOf($"class/infiniband/mlx5_{index}/ports/1/{folder}/{name}");
            }
        }
    }

    private static void BySystemCalls(string[] paths, byte[] buffer)
    {
        foreach (string path in paths)
        {
            using SafeFileHandle? file = SysfsFile.TryOpen(path, out _);
            Verify(buffer.AsSpan(0, SysfsFile.Read(file!, buffer)));
        }
    }

    private static void ByLibrary(string[] paths, byte[] buffer)
    {
        foreach (string path in paths)
        {
            using SafeFileHandle file = File.OpenHandle(path);
            Verify(buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0)));
        }
    }

    private static void Verify(ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text, out ulong value, out _) || value != 1_234_567_890)
        {
            throw new InvalidOperationException("A counter was not read.");
        }
    }

    private static double Time(Action way)
    {
        long start = Stopwatch.GetTimestamp();
        way();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static long Allocated(Action action)
    {
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
