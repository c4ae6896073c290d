namespace XTrace.Flows;

/// <summary>The flow table at one moment, merged over CPUs. Reused from sample to sample: its buffers only grow.</summary>
internal sealed class FlowSnapshot
{
    private Flow[] _flows = new Flow[1024];
    private int[] _setEnds = [];

    /// <summary>The flows, in the order of their sets.</summary>
    internal ReadOnlySpan<Flow> Flows => _flows.AsSpan(0, Count);

    internal int Count { get; private set; }

    internal FlowTotals Totals { get; set; }

    /// <summary>When it was taken.</summary>
    internal ClockCalibration Clock { get; set; }

    /// <summary>Sets in a partition.</summary>
    internal int Sets { get; private set; }

    /// <summary>Room for the next set's flows.</summary>
    internal Span<Flow> Free => _flows.AsSpan(Count);

    /// <summary>The flows of one set.</summary>
    internal ReadOnlySpan<Flow> Set(int set)
    {
        int start = set == 0 ? 0 : _setEnds[set - 1];
        return _flows.AsSpan(start, _setEnds[set] - start);
    }

    internal void Reset(int sets)
    {
        Count = 0;
        Sets = sets;
        if (_setEnds.Length < sets)
        {
            _setEnds = new int[sets];
        }
    }

    internal void Reserve(int flows)
    {
        if (_flows.Length - Count < flows)
        {
            Array.Resize(ref _flows, Math.Max(_flows.Length * 2, Count + flows));
        }
    }

    internal void EndSet(int set, int flows)
    {
        Count += flows;
        _setEnds[set] = Count;
    }
}
