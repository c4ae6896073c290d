using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>Runs frames through tables that have a filter, and knows what is to come of each.</summary>
/// <param name="decode">Says what a frame is.</param>
/// <param name="filter">What is kept; null: everything.</param>
internal sealed class Trial(Decode decode, RandomFilter? filter)
{
    /// <summary>Runs a frame, and takes note of what is expected of it.</summary>
    /// <exception cref="Disagreement">It does not pass, or its super-packet is not as many frames and bytes as on the wire.</exception>
    internal void Run(FuzzTable table, Expectation expectation, in Shot shot)
    {
        Verdict verdict = decode(shot.Bytes.Span);
        FrameCount before = shot.IsSuper ? table.TotalsOf(shot.Direction).All : default;
        if (!table.TryRun(in shot))
        {
            throw new Disagreement(in shot, "that it passes, unchanged", "another verdict, or another frame");
        }
        FrameCount frames = shot.OnWire(verdict.IsMalformed);
        if (shot.IsSuper)
        {
            FrameCount came = table.TotalsOf(shot.Direction).All - before;
            bool isKnown = shot.Headers is not null || verdict.IsMalformed;
            if (isKnown ? came != frames : !shot.IsPossible(came))
            {
                throw new Disagreement(in shot, Disagreement.Describe(frames) + (isKnown ? "" : ", or more"), Disagreement.Describe(came));
            }
            frames = came;
        }
        expectation.Add(shot.Direction, in verdict, IsKept(in verdict), frames);
    }

    /// <summary>The decoder's expectation of a frame, in words.</summary>
    internal string Describe(in Shot shot)
    {
        Verdict verdict = decode(shot.Bytes.Span);
        return verdict.IsMalformed ? "malformed" : $"{Disagreement.Describe(verdict.Key)}, {(IsKept(in verdict) ? "kept" : "filtered")}";
    }

    private bool IsKept(in Verdict verdict) => !verdict.IsMalformed && (filter is null || filter.Keeps(verdict.Key));
}
