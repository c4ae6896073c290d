namespace XTrace.Live;

/// <summary>A page of the live view: rows that can be selected, sorted and filtered.</summary>
internal abstract class LivePage
{
    private int _offset;
    private int _height = 1;

    /// <summary>The page's title.</summary>
    internal abstract string Title { get; }

    /// <summary>The orders of rows, from the left column to the right.</summary>
    internal abstract IReadOnlyList<string> Orders { get; }

    /// <summary>Which of these is in use.</summary>
    internal int Order { get; set; }

    /// <summary>Whether the smallest comes first.</summary>
    internal bool IsReversed { get; set; }

    internal LiveFilter Filter { get; private set; } = new("");

    /// <summary>The typed filter.</summary>
    internal string FilterText { get; private set; } = "";

    /// <summary>Rows that the filter keeps.</summary>
    private protected abstract int Kept { get; }

    /// <summary>The row that is selected, from 0.</summary>
    private protected int Selected { get; private set; }

    /// <summary>The row that is shown first.</summary>
    private protected int Offset => _offset;

    internal void SetFilter(string text) => (FilterText, Filter, Selected) = (text, new LiveFilter(text), 0);

    /// <summary>Draws the rows.</summary>
    /// <param name="screen">Where.</param>
    /// <param name="y">The first row of the screen.</param>
    /// <param name="height">How many rows of the screen it may take.</param>
    internal abstract void Draw(Screen screen, int y, int height);

    /// <summary>Shows the selected row alone from now on.</summary>
    /// <returns>False where there is none.</returns>
    internal abstract bool Choose();

    /// <summary>All properties of the selected row, as they are now; empty where the row is gone.</summary>
    internal abstract IEnumerable<(string Name, string Value)> Describe();

    /// <summary>Selects another row.</summary>
    internal void Move(Key key)
    {
        Selected = key switch
        {
            Key.Up => Selected - 1,
            Key.Down => Selected + 1,
            Key.PageUp => Selected - _height,
            Key.PageDown => Selected + _height,
            Key.Home => 0,
            Key.End => int.MaxValue,
            _ => Selected,
        };
        Selected = Math.Clamp(Selected, 0, Math.Max(0, Kept - 1));
    }

    /// <summary>Makes the selected row one of those that are shown.</summary>
    /// <param name="height">How many rows there is room for.</param>
    private protected void Scroll(int height)
    {
        _height = Math.Max(1, height);
        Selected = Math.Clamp(Selected, 0, Math.Max(0, Kept - 1));
        _offset = Math.Clamp(_offset, Math.Max(0, Selected - _height + 1), Selected);
    }
}

/// <summary>A page whose rows are in a table.</summary>
/// <typeparam name="T">What a row is of.</typeparam>
internal abstract class TablePage<T> : LivePage
{
    private IReadOnlyList<T> _shown = [];

    internal override IReadOnlyList<string> Orders => [.. Sortable.Select(column => column.Title)];

    /// <summary>All columns that there could be.</summary>
    private protected abstract IReadOnlyList<Column<T>> Columns { get; }

    /// <summary>Said where there are no rows.</summary>
    private protected abstract string NothingText { get; }

    private protected Column<T> Sorted => Sortable.ElementAt(Math.Min(Order, Orders.Count - 1));

    private IEnumerable<Column<T>> Sortable => Columns.Where(column => column.Weight is not null);

    /// <summary>The n rows behind the first ones in the order that is wanted, of those that the filter keeps.</summary>
    private protected abstract IReadOnlyList<T> Top(int offset, int n);

    /// <summary>Takes note of which row was chosen.</summary>
    private protected abstract void Choose(T row);

    internal override bool Choose()
    {
        int index = Selected - Offset;
        if (index < 0 || index >= _shown.Count)
        {
            return false;
        }
        Choose(_shown[index]);
        return true;
    }

    internal override void Draw(Screen screen, int y, int height)
    {
        int room = Math.Max(0, height - 1);
        int offset = Offset;
        _shown = Top(offset, room);
        Scroll(room);
        if (Offset != offset)
        {
            _shown = Top(Offset, room);
        }
        string mark = screen.IsUtf8 ? (IsReversed ? "↑" : "↓") : (IsReversed ? "^" : "v");
        Table.Draw(screen, y, Columns, Sorted, mark, _shown, _shown.Count == 0 ? -1 : Selected - Offset);
        if (_shown.Count == 0 && room > 0)
        {
            screen.Put(0, y + 1, NothingText, Ink.Dim);
        }
    }
}
