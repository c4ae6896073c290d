namespace XTrace.Testbed;

/// <summary>Tests of times on a machine that others use as well.</summary>
public static class Timing
{
    /// <summary>
    /// Measures until an error is small enough: a machine that is busy spoils one try, and a fault spoils every one. Whatever else a try
    /// asserts must be right each time.
    /// </summary>
    /// <param name="enough">The error that is small enough.</param>
    /// <param name="measure">Makes one try, and returns its error.</param>
    /// <param name="tries">How many at most.</param>
    /// <returns>The smallest error.</returns>
    public static double SmallestError(double enough, Func<double> measure, int tries = 3)
    {
        double smallest = double.MaxValue;
        for (; tries > 0 && smallest > enough; tries--)
        {
            smallest = Math.Min(smallest, measure());
        }
        return smallest;
    }
}
