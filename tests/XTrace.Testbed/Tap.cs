namespace XTrace.Testbed;

/// <summary>
/// A tap interface that receives a frame in buffers as its sender lays them out: the first one is the linear part of the kernel's
/// buffer, the others are its fragments. Gone when disposed.
/// </summary>
public sealed unsafe class Tap : IDisposable
{
    /// <summary>So many frames the kernel collects before it hands them on: net.core.gro_normal_batch.</summary>
    public const int Batch = 8;

    private const ushort Layer2InFragments = 0x0032; // IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS, linux/if_tun.h

    private readonly int _fd;

    /// <summary>Makes it in the namespace of the calling thread, and brings it up. Nothing merges what arrives.</summary>
    public Tap(string name)
    {
        Interface = name;
        _fd = Tun.Open(name, Layer2InFragments | Tun.NoPacketInformation);
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1");
        Command.Run("ethtool", "-K", name, "gro", "off");
        Command.Run("ip", "link", "set", name, "up");
    }

    public string Interface { get; }

    /// <summary>Lets a frame arrive.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="cuts">Where a buffer ends and the next one begins, in rising order.</param>
    public void Arrive(byte[] frame, params ReadOnlySpan<int> cuts)
    {
        Libc.Part* parts = stackalloc Libc.Part[cuts.Length + 1];
        fixed (byte* start = frame)
        {
            for (int i = 0; i <= cuts.Length; i++)
            {
                int from = i == 0 ? 0 : cuts[i - 1];
                int to = i == cuts.Length ? frame.Length : cuts[i];
                parts[i] = new Libc.Part { Start = start + from, Length = (nuint)(to - from) };
            }
            if (Libc.writev(_fd, parts, cuts.Length + 1) != frame.Length)
            {
                throw new InvalidOperationException($"{Interface} did not take {frame.Length} bytes in {cuts.Length + 1} parts.");
            }
        }
    }

    public void Dispose() => _ = Libc.close(_fd);
}
