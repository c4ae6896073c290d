using System.Globalization;
using XTrace.Flows;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Times over a change of the local clock: ages are taken off the instant.</summary>
public sealed class ClockTests
{
    /// <summary>
    /// In Berlin clocks went from 2:00 to 3:00 on 2026-03-29, 01:00 UTC, and go from 3:00 back to 2:00 on 2026-10-25, 01:00 UTC.
    /// A flow was seen an hour before the sample, a monitor started two hours before.
    /// </summary>
    [Theory]
    [InlineData("2026-03-29T01:30:00Z", "2026-03-29T03:30:00", "2026-03-29T01:30:00", "2026-03-29T00:30:00")]
    [InlineData("2026-03-29T00:30:00Z", "2026-03-29T01:30:00", "2026-03-29T00:30:00", "2026-03-28T23:30:00")]
    [InlineData("2026-10-25T01:30:00Z", "2026-10-25T02:30:00", "2026-10-25T02:30:00", "2026-10-25T01:30:00")]
    [InlineData("2026-10-25T03:30:00Z", "2026-10-25T04:30:00", "2026-10-25T03:30:00", "2026-10-25T02:30:00")]
    public void A_change_of_daylight_saving_time_shifts_no_time(string now, string sampled, string hourAgo, string twoHoursAgo) =>
        Assert.Equal($"{sampled} {hourAgo} {twoHoursAgo}", OtherProcess.RunUnder(["env", "TZ=Europe/Berlin"], "times", now));

    /// <summary>What the other process prints: the sample's time, a flow's an hour before, and a start's two hours before.</summary>
    internal static void Print(string now)
    {
        const uint Tick = 4_000_000;
        const uint Hour = 3600 * 250;
        const ulong HourNanoseconds = 3600ul * 1_000_000_000;
        DateTime utc = DateTime.Parse(now, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal);
        ClockCalibration clock = new(Hour / 2, 10 * HourNanoseconds, utc, Tick);
        DateTime[] times = [clock.Local, clock.TimeOf(unchecked((Hour / 2) - Hour)), clock.TimeOfBoot(8 * HourNanoseconds)];
        Console.WriteLine(string.Join(' ', times.Select(time => time.ToString("s", CultureInfo.InvariantCulture))));
    }
}
