namespace XTrace.Net;

/// <summary>The speeds of link modes: enum ethtool_link_mode_bit_indices, linux/ethtool.h.</summary>
internal static class LinkModes
{
    /// <summary>First and last bit of modes with one speed, in Mbit/s. Bits that are left out are no speeds.</summary>
    private static readonly (int First, int Last, int Speed)[] s_speeds =
    [
        (0, 1, 10), (2, 3, 100), (4, 5, 1000), (12, 12, 10000), (15, 15, 2500), (17, 17, 1000), (18, 20, 10000), (21, 22, 20000),
        (23, 26, 40000), (27, 30, 56000), (31, 33, 25000), (34, 35, 50000), (36, 39, 100000), (40, 40, 50000), (41, 41, 1000),
        (42, 46, 10000), (47, 47, 2500), (48, 48, 5000), (52, 56, 50000), (57, 61, 100000), (62, 66, 200000), (67, 67, 100),
        (68, 68, 1000), (69, 73, 400000), (75, 79, 100000), (80, 84, 200000), (85, 89, 400000), (90, 91, 100), (92, 92, 10),
        (93, 98, 800000), (99, 102, 10), (103, 108, 200000), (109, 114, 400000), (115, 120, 800000), (121, 124, 1600000),
    ];

    /// <summary>The greatest speed in a mask of link modes, in Mbit/s; null if it has none.</summary>
    internal static int? Fastest(ReadOnlySpan<byte> mask)
    {
        int? fastest = null;
        foreach ((int first, int last, int speed) in s_speeds)
        {
            for (int bit = first; bit <= last && bit < mask.Length * 8; bit++)
            {
                if ((mask[bit / 8] & (1 << (bit % 8))) != 0 && speed > (fastest ?? 0))
                {
                    fastest = speed;
                }
            }
        }
        return fastest;
    }
}
