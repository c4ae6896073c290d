namespace XTrace.Flows;

/// <summary>
/// The flow table at one moment, merged over CPUs. Reused from sample to sample: its buffers only grow, and hardly beyond what is
/// needed, as they are the most that a reader takes of memory.
/// </summary>
internal sealed class FlowSnapshot : IFlowRows
{
    private const int Spare = 8; // the share of the rows that a new buffer has room for beside them

    private FlowRow[] _rows = [];
    private FlowDetails[] _details = [];
    private int[] _bucketEnds = [];

    /// <summary>The flows, in the order of their buckets.</summary>
    internal Span<FlowRow> Rows => _rows.AsSpan(0, Count);

    ReadOnlySpan<FlowRow> IFlowRows.Rows => Rows;

    public ReadOnlySpan<FlowDetails> Details => _details.AsSpan(0, HasDetails ? Count : 0);

    internal int Count { get; private set; }

    internal bool HasDetails { get; private set; }

    /// <summary>When it was taken: its flows were read from then on.</summary>
    internal ClockCalibration Clock { get; set; }

    /// <summary>The low half of jiffies_64 when all were read. A flow that was seen first after that is not in it.</summary>
    internal uint EndJiffies { get; set; }

    /// <summary>Buckets in a partition; 0 before the first reading.</summary>
    internal int Buckets { get; private set; }

    /// <summary>Room for the next bucket's flows.</summary>
    internal Span<FlowRow> Free => _rows.AsSpan(Count);

    /// <summary>Room for their details, if there are any.</summary>
    internal Span<FlowDetails> FreeDetails => HasDetails ? _details.AsSpan(Count) : [];

    /// <summary>The flows of one bucket.</summary>
    internal Span<FlowRow> Bucket(int bucket)
    {
        int start = bucket == 0 ? 0 : _bucketEnds[bucket - 1];
        return _rows.AsSpan(start, _bucketEnds[bucket] - start);
    }

    /// <summary>Begins anew.</summary>
    /// <param name="buckets">Buckets in a partition.</param>
    /// <param name="rows">Flows that there may be.</param>
    /// <param name="hasDetails">Whether they have details.</param>
    internal void Reset(int buckets, int rows, bool hasDetails)
    {
        Count = 0;
        Buckets = buckets;
        HasDetails = hasDetails;
        if (_bucketEnds.Length < buckets)
        {
            _bucketEnds = new int[buckets];
        }
        if (_rows.Length < rows)
        {
            _rows = []; // so that the old buffer may go before the new one comes
            _rows = GC.AllocateUninitializedArray<FlowRow>(rows + (rows / Spare));
        }
    }

    internal void Reserve(int rows)
    {
        int needed = Count + rows;
        if (_rows.Length < needed)
        {
            Array.Resize(ref _rows, needed + (needed / Spare));
        }
        if (HasDetails && _details.Length < _rows.Length)
        {
            Array.Resize(ref _details, _rows.Length);
        }
    }

    internal void EndBucket(int bucket, int rows)
    {
        Count += rows;
        _bucketEnds[bucket] = Count;
    }
}
