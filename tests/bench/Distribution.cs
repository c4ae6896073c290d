namespace XTrace.Bench;

/// <summary>What several measurements of one thing came to.</summary>
internal readonly record struct Distribution(double Median, double Min, double Max)
{
    internal static Distribution From(IEnumerable<double> measurements)
    {
        double[] sorted = [.. measurements.Order()];
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Distribution(median, sorted[0], sorted[^1]);
    }
}
