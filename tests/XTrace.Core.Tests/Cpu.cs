using System.Runtime.InteropServices;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>A CPU of the machine, to run something on.</summary>
internal static partial class Cpu
{
    /// <summary>Runs something on one CPU and waits for it.</summary>
    internal static void Run(int cpu, Action action) => OwnThread.Run(() =>
    {
        ulong mask = 1ul << cpu;
        Assert.Equal(0, sched_setaffinity(0, sizeof(ulong), in mask));
        action();
        return true;
    });

    [LibraryImport("libc")]
    private static partial int sched_setaffinity(int thread, nuint size, in ulong mask);
}
