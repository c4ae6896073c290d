using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>
/// Ties the kernel's jiffies, which stamp the flows, to the clocks that people read. It runs a small program in the
/// kernel that reads jiffies and CLOCK_BOOTTIME at once.
/// </summary>
internal sealed class JiffiesClock(BpfHandle program, uint tickNanoseconds)
{
    /// <summary>HZ of the kernels there are: kernel/Kconfig.hz, and alpha's and the like.</summary>
    private static readonly uint[] s_frequencies = [24, 32, 48, 64, 100, 128, 200, 250, 256, 300, 500, 512, 1000, 1024, 1200];

    /// <summary>Now, on all clocks.</summary>
    internal ClockCalibration Calibrate()
    {
        ClockReading reading = Read(program);
        return new ClockCalibration((uint)reading.Jiffies, reading.BootNanoseconds, DateTime.Now, tickNanoseconds);
    }

    /// <summary>The length of a jiffy in nanoseconds, from one tick of the kernel to another; takes 2 to 3 of them.</summary>
    internal static uint MeasureTick(BpfHandle program)
    {
        ClockReading start = WaitForTick(program);
        ClockReading end = WaitForTick(program);
        double measured = (end.BootNanoseconds - start.BootNanoseconds) / (double)(end.Jiffies - start.Jiffies);
        uint frequency = s_frequencies.MinBy(hz => Math.Abs(Math.Log(measured * hz / 1e9)));
        return 1_000_000_000 / frequency;
    }

    private static ClockReading WaitForTick(BpfHandle program)
    {
        ClockReading first = Read(program);
        ClockReading reading;
        do
        {
            reading = Read(program);
        }
        while (reading.Jiffies == first.Jiffies);
        return reading;
    }

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
/// <param name="Wall">Local time.</param>
/// <param name="TickNanoseconds">The length of a jiffy.</param>
internal readonly record struct ClockCalibration(uint Jiffies, ulong BootNanoseconds, DateTime Wall, uint TickNanoseconds)
{
    /// <summary>The local time of a jiffies stamp, good to one jiffy.</summary>
    internal DateTime TimeOf(uint jiffies) => Wall.AddTicks(-AgeInTicks(jiffies));

    /// <summary>The local time of a moment on CLOCK_BOOTTIME.</summary>
    internal DateTime TimeOfBoot(ulong nanoseconds) => Wall.AddTicks(-(long)(BootNanoseconds - nanoseconds) / 100);

    private long AgeInTicks(uint jiffies)
    {
        // A flow seen after the calibration is younger than it, by a few jiffies.
        int age = (int)(Jiffies - jiffies);
        return (age is < 0 and > -1000 ? age : Jiffies - jiffies) * (long)TickNanoseconds / 100;
    }
}
