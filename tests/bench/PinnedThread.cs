using System.ComponentModel;
using System.Runtime.InteropServices;

namespace XTrace.Bench;

/// <summary>
/// The calling thread on one CPU until Dispose: per-CPU tables would fill anew wherever the scheduler took it. Then it
/// may run anywhere.
/// </summary>
internal sealed unsafe partial class PinnedThread : IDisposable
{
    private const int ClockThreadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID, linux/time.h
    private const int MaskLength = 128; // cpu_set_t: 1024 CPUs

    internal PinnedThread(int cpu)
    {
        Span<byte> mask = stackalloc byte[MaskLength];
        mask.Clear();
        mask[cpu / 8] = (byte)(1 << (cpu % 8));
        Allow(mask);
    }

    /// <summary>The CPU time that this thread has had: what other processes had meanwhile is nobody's cost here.</summary>
    internal static double CpuNanoseconds
    {
        get
        {
            long* time = stackalloc long[2]; // struct timespec
            Check(clock_gettime(ClockThreadCpuTime, time));
            return (time[0] * 1e9) + time[1];
        }
    }

    public void Dispose()
    {
        Span<byte> mask = stackalloc byte[MaskLength];
        mask.Fill(0xff);
        Allow(mask);
    }

    private static void Allow(ReadOnlySpan<byte> mask)
    {
        fixed (byte* cpus = mask)
        {
            Check(sched_setaffinity(0, MaskLength, cpus));
        }
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
    private static partial int sched_setaffinity(int thread, nuint size, byte* mask);
}
