namespace XTrace.Flows;

/// <summary>A place where rows lie.</summary>
internal interface IFlowRows
{
    ReadOnlySpan<FlowRow> Rows { get; }

    /// <summary>The details of each of them, as much of them as the monitor keeps; empty where there are none.</summary>
    ReadOnlySpan<FlowDetails> Details { get; }
}

/// <summary>A choice of rows, which stay where they were measured: a copy of all would be half as large as the kernel's table.</summary>
/// <param name="parts">Where the rows lie.</param>
/// <param name="numbers">Which are meant: their numbers, counted over all parts.</param>
internal readonly ref struct FlowRows(ReadOnlySpan<IFlowRows> parts, ReadOnlySpan<int> numbers)
{
    private readonly ReadOnlySpan<IFlowRows> _parts = parts;
    private readonly ReadOnlySpan<int> _numbers = numbers;

    internal int Length => _numbers.Length;

    internal ref readonly FlowRow this[int index]
    {
        get
        {
            (IFlowRows part, int number) = Find(_parts, _numbers[index]);
            return ref part.Rows[number];
        }
    }

    public Enumerator GetEnumerator() => new(this);

    /// <summary>The part that has a row, and the row's number in it.</summary>
    /// <param name="parts">Where rows lie.</param>
    /// <param name="number">The row's number, counted over all parts.</param>
    internal static (IFlowRows Part, int Number) Find(ReadOnlySpan<IFlowRows> parts, int number)
    {
        foreach (IFlowRows part in parts)
        {
            int length = part.Rows.Length;
            if (number < length)
            {
                return (part, number);
            }
            number -= length;
        }
        throw new ArgumentOutOfRangeException(nameof(number));
    }

    internal ref struct Enumerator(FlowRows rows)
    {
        private readonly FlowRows _rows = rows;
        private int _index = -1;

        public readonly ref readonly FlowRow Current => ref _rows[_index];

        public bool MoveNext() => ++_index < _rows.Length;
    }
}
