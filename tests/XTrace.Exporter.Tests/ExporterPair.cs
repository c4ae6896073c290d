namespace XTrace.Exporter.Tests;

/// <summary>A pair whose watched end's namespace has a loopback interface, for collectors.</summary>
internal static class ExporterPair
{
    internal static VethPair Create()
    {
        VethPair pair = new();
        pair.Run(() => Command.Run("ip", "link", "set", "lo", "up"));
        return pair;
    }

    /// <summary>Sends so many flows of UDP, each of one frame, with a few different lengths.</summary>
    /// <param name="pair">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="first">The number of the first: flows with other numbers are others.</param>
    internal static void SendFlows(this VethPair pair, int count, int first = 0)
    {
        byte[][] frames = [.. Enumerable.Range(0, 16).Select(length => Frames.Udp4("10.0.0.0", 1, "10.255.0.1", 2, length * 32))];
        pair.Send(Enumerable.Range(first, count).Select(number =>
        {
            byte[] frame = frames[number % frames.Length];
            // The source's address and port: 24 bits each, of which nobody checks a sum.
            (frame[27], frame[28], frame[29]) = ((byte)(number >> 16), (byte)(number >> 8), (byte)number);
            return frame;
        }));
    }

    /// <summary>What the watched end has received.</summary>
    internal static (long Packets, long Bytes) Received(this VethPair pair)
    {
        (ulong packets, ulong bytes) = pair.ReadCounters("rx");
        return ((long)packets, (long)bytes);
    }
}
