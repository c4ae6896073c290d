using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>
/// Ties the kernel's jiffies, which stamp the flows, to the clocks that people read. It runs a small program in the
/// kernel that reads jiffies, CLOCK_BOOTTIME and CLOCK_MONOTONIC at once.
/// </summary>
internal sealed class JiffiesClock(BpfHandle program, uint tickNanoseconds)
{
    /// <summary>The value of jiffies_64 when CLOCK_MONOTONIC is at 300 s, whatever HZ is: INITIAL_JIFFIES in linux/jiffies.h.</summary>
    private const long JiffiesAtWrap = 1L << 32;
    private const double SecondsAtWrap = 300;

    /// <summary>HZ of the kernels there are for x86 and arm64, kernel/Kconfig.hz.</summary>
    private static readonly uint[] s_frequencies = [100, 250, 300, 1000];

    /// <summary>Now, on all clocks.</summary>
    internal ClockCalibration Calibrate()
    {
        ClockReading reading = Read(program);
        return new ClockCalibration((uint)reading.Jiffies, reading.BootNanoseconds, DateTime.UtcNow, tickNanoseconds)
        {
            SuspendedMilliseconds = (uint)((long)(reading.BootNanoseconds - reading.MonotonicNanoseconds) / 1_000_000),
        };
    }

    /// <summary>
    /// The length of a jiffy in nanoseconds. It follows from how many have passed since a known moment of the past, over
    /// minutes to years, so that jiffies that are late by some, as on a machine that was held up, do not matter.
    /// </summary>
    internal static uint MeasureTick(BpfHandle program)
    {
        ClockReading reading = Read(program);
        while (Math.Abs(SecondsSinceWrap(reading)) < 2)
        {
            Thread.Sleep(100);
            reading = Read(program);
        }
        double measured = ((long)reading.Jiffies - JiffiesAtWrap) / SecondsSinceWrap(reading);
        return 1_000_000_000 / s_frequencies.MinBy(frequency => Math.Abs(Math.Log(measured / frequency)));
    }

    private static double SecondsSinceWrap(ClockReading reading) => (reading.MonotonicNanoseconds / 1e9) - SecondsAtWrap;

    [SkipLocalsInit]
    private static ClockReading Read(BpfHandle program)
    {
        Span<byte> packet = stackalloc byte[64];
        packet.Clear();
        BpfProgram.TestRun(program, packet);
        return MemoryMarshal.Read<ClockReading>(packet);
    }
}

/// <summary>One moment on all clocks.</summary>
/// <param name="Jiffies">The low half of jiffies_64.</param>
/// <param name="BootNanoseconds">CLOCK_BOOTTIME.</param>
/// <param name="Utc">The instant.</param>
/// <param name="TickNanoseconds">The length of a jiffy.</param>
internal readonly record struct ClockCalibration(uint Jiffies, ulong BootNanoseconds, DateTime Utc, uint TickNanoseconds)
{
    /// <summary>How long the machine has been suspended since it booted, modulo 2^32 ms: the lead of CLOCK_BOOTTIME.</summary>
    internal uint SuspendedMilliseconds { get; init; }

    /// <summary>Whether the machine was suspended since then. The two clocks are not read in quite the same moment.</summary>
    internal bool WasSuspendedSince(uint suspendedMilliseconds) => Math.Abs((int)(SuspendedMilliseconds - suspendedMilliseconds)) > 1;

    /// <summary>The instant in local time.</summary>
    internal DateTime Local => Utc.ToLocalTime();

    /// <summary>
    /// The local time of a jiffies stamp, good to one jiffy. Ages are taken off the instant, not off the local time: between the
    /// two the clocks may have gone forward.
    /// </summary>
    internal DateTime TimeOf(uint jiffies) => (Utc - AgeOf(jiffies)).ToLocalTime();

    /// <summary>The local time of a moment on CLOCK_BOOTTIME.</summary>
    internal DateTime TimeOfBoot(ulong nanoseconds) => Utc.AddTicks(-(long)(BootNanoseconds - nanoseconds) / 100).ToLocalTime();

    /// <summary>How long ago a jiffies stamp was made.</summary>
    internal TimeSpan AgeOf(uint jiffies)
    {
        // A flow seen after the calibration is younger than it, by a few jiffies.
        int age = (int)(Jiffies - jiffies);
        return TimeSpan.FromTicks((age is < 0 and > -1000 ? age : Jiffies - jiffies) * (long)TickNanoseconds / 100);
    }

    /// <summary>From one jiffies stamp to a later one.</summary>
    internal TimeSpan Between(uint first, uint last) => TimeSpan.FromTicks((last - first) * (long)TickNanoseconds / 100);
}
