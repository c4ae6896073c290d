using System.Globalization;
using XTrace.Flows;

namespace XTrace.Live;

/// <summary>The rows above the table of flows: what there is in all, and how it went.</summary>
internal static class LiveHeader
{
    private const int TallScreen = 40;
    private const int WideScreen = 120;
    private const int TallGraph = 3;

    /// <summary>Draws the first row: what is watched, how often, and when that was.</summary>
    internal static void DrawTitle(Screen screen, LiveText text, string what, TimeSpan interval, bool isPaused, DateTime? time)
    {
        string when = time?.ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
        string right = $"{text.Every(Brief.Seconds(interval))}  {when}";
        int width = CellWidth.Measure(right);
        screen.PutRight(screen.Width, 0, right, Ink.Plain, screen.Width);
        int used = screen.Put(0, 0, "XTrace ", Ink.Strong, screen.Width);
        int pause = isPaused ? CellWidth.Measure(text.Paused) + 1 : 0;
        screen.Put(used, 0, what, Ink.Plain, screen.Width - used - width - pause - 1);
        if (isPaused)
        {
            screen.Put(screen.Width - width - pause - 1, 0, text.Paused, Ink.Warning);
        }
    }

    /// <summary>Rows of a direction.</summary>
    internal static int GraphHeight(Screen screen) => screen.Height >= TallScreen ? TallGraph : 1;

    /// <summary>Draws the totals.</summary>
    /// <returns>How many rows they took, with the first of the screen.</returns>
    internal static int Draw(Screen screen, LiveText text, Totals totals, (int Flows, int Conversations) counts)
    {
        int height = GraphHeight(screen);
        int y = 1;
        foreach ((DirectionTotals direction, string name, Ink ink) in new[]
        {
            (totals.Arriving, text.Arriving, Ink.Arriving), (totals.Leaving, text.Leaving, Ink.Leaving),
        })
        {
            if (direction.IsWatched)
            {
                DrawDirection(screen, text, y, height, direction, name, ink);
                y += height;
            }
        }
        screen.Put(0, y++, text.Totals(Brief.Grouped(counts.Flows), Brief.Grouped(counts.Conversations)), Ink.Dim);
        string losses = string.Join(", ", Losses(text, totals));
        if (losses.Length > 0)
        {
            screen.Put(0, y++, losses, Ink.Warning);
        }
        return y;
    }

    private static void DrawDirection(Screen screen, LiveText text, int y, int height, DirectionTotals direction, string name, Ink ink)
    {
        History rate = direction.Rate;
        screen.Put(0, y, name, ink);
        screen.PutRight(19, y, Quantity.BitRate(rate.Now), Ink.Strong, 14);
        screen.PutRight(30, y, $"{Quantity.Count(direction.PacketRate)}p/s", Ink.Plain, 10);
        screen.PutRight(41, y, Quantity.Bytes(direction.Frames.Bytes), Ink.Plain, 10);
        int x = 43;
        string means = $"{text.Mean} {Quantity.BitRate(rate.Mean)}";
        string peak = $"{text.Peak} {Quantity.BitRate(rate.Peak)}";
        if (height > 1)
        {
            screen.Put(6, y + 1, means, Ink.Dim, x - 8);
            screen.Put(6, y + 2, peak, Ink.Dim, x - 8);
        }
        else if (screen.Width >= WideScreen)
        {
            screen.Put(x, y, $"{means}, {peak}", Ink.Dim, 48);
            x += 50;
        }
        int width = screen.Width - x;
        if (width > 0)
        {
            rate.Draw(screen, x, y, width, height, rate.Greatest(width), ink);
        }
    }

    private static IEnumerable<string> Losses(LiveText text, Totals totals)
    {
        if (totals.QueueDrops > 0)
        {
            yield return text.QueueDrops(Brief.Grouped(totals.QueueDrops));
        }
        if (totals.Evicted > 0)
        {
            yield return text.Evicted(Brief.Grouped(totals.Evicted));
        }
        if (totals.Missed > 0)
        {
            yield return text.Missed(Brief.Grouped(totals.Missed));
        }
        if (totals.Malformed > 0)
        {
            yield return text.Malformed(Brief.Grouped(totals.Malformed));
        }
    }
}
