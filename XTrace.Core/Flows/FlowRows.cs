namespace XTrace.Flows;

/// <summary>A place where rows lie.</summary>
internal interface IFlowRows
{
    ReadOnlySpan<FlowRow> Rows { get; }
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
            int number = _numbers[index];
            foreach (IFlowRows part in _parts)
            {
                ReadOnlySpan<FlowRow> rows = part.Rows;
                if (number < rows.Length)
                {
                    return ref rows[number];
                }
                number -= rows.Length;
            }
            throw new ArgumentOutOfRangeException(nameof(index));
        }
    }

    public Enumerator GetEnumerator() => new(this);

    internal ref struct Enumerator(FlowRows rows)
    {
        private readonly FlowRows _rows = rows;
        private int _index = -1;

        public readonly ref readonly FlowRow Current => ref _rows[_index];

        public bool MoveNext() => ++_index < _rows.Length;
    }
}
