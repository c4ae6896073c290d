namespace XTrace.Flows;

/// <summary>The flow table at one moment, merged over CPUs. Reused from sample to sample: its buffers only grow.</summary>
internal sealed class FlowSnapshot
{
    private FlowRow[] _rows = new FlowRow[1024];
    private FlowDetails[] _details = [];
    private int[] _bucketEnds = [];

    /// <summary>The flows, in the order of their buckets.</summary>
    internal Span<FlowRow> Rows => _rows.AsSpan(0, Count);

    /// <summary>The details of each of them; empty where the monitor keeps none.</summary>
    internal Span<FlowDetails> Details => _details.AsSpan(0, HasDetails ? Count : 0);

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

    internal void Reset(int buckets, bool hasDetails)
    {
        Count = 0;
        Buckets = buckets;
        HasDetails = hasDetails;
        if (_bucketEnds.Length < buckets)
        {
            _bucketEnds = new int[buckets];
        }
    }

    internal void Reserve(int rows)
    {
        if (_rows.Length - Count < rows)
        {
            Array.Resize(ref _rows, Math.Max(_rows.Length * 2, Count + rows));
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
