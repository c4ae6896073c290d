namespace XTrace.Rdma;

/// <summary>
/// Counts packets by their sequence numbers, which have 24 bits (IBTA 9.2.4) and wrap. A driver sets the number back to
/// send packets again; only what exceeds the highest number so far counts, so that no packet counts twice.
/// </summary>
internal struct SequenceCounter
{
    /// <summary>The bits of a sequence number.</summary>
    internal const uint Mask = 0xff_ffff;

    /// <summary>
    /// Half of all numbers. If two numbers are less than this far apart, it is known which comes first: IBTA 9.7.2 does not allow
    /// more packets to be outstanding.
    /// </summary>
    internal const uint Half = 1 << 23;

    private uint _highest;

    /// <summary>Starts from a number. Packets before it are not counted.</summary>
    internal SequenceCounter(uint first) => (_highest, IsStarted) = (first & Mask, true);

    /// <summary>Whether it has a number to count from.</summary>
    internal bool IsStarted { get; }

    /// <summary>Packets since the first number.</summary>
    internal ulong Packets { get; private set; }

    /// <summary>Whether the number may have wrapped unseen, so that there were more packets than counted.</summary>
    internal bool IsAmbiguous { get; private set; }

    /// <summary>Takes the number as it is now.</summary>
    /// <param name="number">The number: 24 bits.</param>
    /// <param name="possible">How many packets there can have been since the number before, at most.</param>
    internal void Advance(uint number, double possible)
    {
        uint forward = (number - _highest) & Mask;
        bool isUnsure = possible >= Half;
        if (forward < Half)
        {
            Packets += forward;
        }
        if (forward < Half || isUnsure)
        {
            _highest = number & Mask;
        }
        IsAmbiguous |= isUnsure;
    }
}
