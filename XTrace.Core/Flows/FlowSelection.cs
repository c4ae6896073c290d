namespace XTrace.Flows;

/// <summary>Picks rows.</summary>
internal static class FlowSelection
{
    /// <summary>The n rows of the greatest weight, greatest first, without sorting the rest.</summary>
    internal static FlowRow[] Top(FlowRows rows, int n, Func<FlowRow, double> weightOf, Func<FlowRow, bool> isWanted)
    {
        PriorityQueue<FlowRow, double> top = new();
        foreach (ref readonly FlowRow row in rows)
        {
            if (!isWanted(row))
            {
                continue;
            }
            if (top.Count < n)
            {
                top.Enqueue(row, weightOf(row));
            }
            else
            {
                top.EnqueueDequeue(row, weightOf(row));
            }
        }
        FlowRow[] picked = new FlowRow[top.Count];
        for (int i = picked.Length - 1; i >= 0; i--)
        {
            picked[i] = top.Dequeue();
        }
        return picked;
    }
}
