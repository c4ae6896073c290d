namespace XTrace.Fuzz;

/// <summary>The values that frames of one table are made of: so few that flows have more than one frame.</summary>
internal sealed class Pool
{
    private static readonly ushort[] s_knownPorts = [53, 80, 443, 4789, 4791, 6081, 8472, 5555, 6080];

    internal Pool(Random random)
    {
        int size = 1 << random.Next(1, 8);
        Random = random;
        Macs = [.. Enumerable.Range(0, size).Select(_ => Mac())];
        Addresses4 = [.. Enumerable.Range(0, size).Select(_ => Bytes(4)), [10, 0, 0, 1], [10, 1, 2, 3]];
        Addresses6 =
        [
            .. Enumerable.Range(0, size).Select(_ => Bytes(16)),
            [0x20, 0x01, 0x0d, 0xb8, .. Bytes(12)],
            [.. new byte[10], 0xff, 0xff, .. Addresses4[0]], // another flow than that of IPv4
        ];
        Ports = [.. s_knownPorts, .. Enumerable.Range(0, size).Select(_ => (ushort)random.Next(0x10000))];
    }

    internal Random Random { get; }

    internal byte[][] Macs { get; }

    internal byte[][] Addresses4 { get; }

    internal byte[][] Addresses6 { get; }

    internal ushort[] Ports { get; }

    internal T Any<T>(ReadOnlySpan<T> values) => values[Random.Next(values.Length)];

    internal bool OneIn(int times) => Random.Next(times) == 0;

    /// <summary>
    /// XTrace finds the packet in a tunnel by its version and its length. Where the generator says how many bytes it must count, what lies
    /// before that packet does not look like one by chance: no byte at an even offset begins with 4 or 6, but that of 0x6558, behind which
    /// there is no length of this packet.
    /// </summary>
    private byte[] Mac()
    {
        byte[] mac = Bytes(6);
        (mac[0], mac[2], mac[4]) = ((byte)(mac[0] & 0x8f), (byte)(0x80 | (mac[2] & 0x0f)), (byte)(mac[4] & 0x8f));
        return mac;
    }

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        Random.NextBytes(bytes);
        return bytes;
    }
}
