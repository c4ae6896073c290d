namespace XTrace.Flows;

/// <summary>Picks rows.</summary>
internal static class FlowSelection
{
    /// <summary>The indexes of the n rows of the greatest weight, greatest first, without sorting the rest.</summary>
    internal static int[] Top(FlowRows rows, int n, Func<FlowRow, double> weightOf, Func<FlowRow, bool> isWanted)
    {
        PriorityQueue<int, double> top = new();
        for (int i = 0; i < rows.Length; i++)
        {
            if (!isWanted(rows[i]))
            {
                continue;
            }
            if (top.Count < n)
            {
                top.Enqueue(i, weightOf(rows[i]));
            }
            else
            {
                top.EnqueueDequeue(i, weightOf(rows[i]));
            }
        }
        int[] picked = new int[top.Count];
        for (int i = picked.Length - 1; i >= 0; i--)
        {
            picked[i] = top.Dequeue();
        }
        return picked;
    }
}
