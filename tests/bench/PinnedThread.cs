using System.ComponentModel;
using System.Runtime.InteropServices;

namespace XTrace.Bench;

/// <summary>
/// The calling thread on one CPU, and the CPU time it has had. Per-CPU tables would fill anew wherever the scheduler
/// took it, and time that other processes had is not the program's cost.
/// </summary>
internal static unsafe partial class PinnedThread
{
    private const int ClockThreadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID, linux/time.h

    internal static double CpuNanoseconds
    {
        get
        {
            long* time = stackalloc long[2]; // struct timespec
            Check(clock_gettime(ClockThreadCpuTime, time));
            return (time[0] * 1e9) + time[1];
        }
    }

    internal static void MoveTo(int cpu)
    {
        ulong* mask = stackalloc ulong[16]; // cpu_set_t, 1024 CPUs
        new Span<ulong>(mask, 16).Clear();
        mask[cpu / 64] = 1ul << (cpu % 64);
        Check(sched_setaffinity(0, 16 * sizeof(ulong), mask));
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int clock_gettime(int clock, long* time);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int thread, nuint size, ulong* mask);
}
