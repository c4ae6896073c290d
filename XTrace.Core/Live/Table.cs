namespace XTrace.Live;

/// <summary>Draws rows below the titles of their columns: as many columns as there is room for.</summary>
internal static class Table
{
    private const int Gap = 1;

    /// <summary>Draws a table.</summary>
    /// <param name="screen">Where.</param>
    /// <param name="y">The row of the titles.</param>
    /// <param name="columns">All columns that there could be.</param>
    /// <param name="sorted">The one that rows are sorted by.</param>
    /// <param name="mark">What stands beside its title.</param>
    /// <param name="rows">What is shown.</param>
    /// <param name="selected">Which of them is selected; -1 for none.</param>
    internal static void Draw<T>(
        Screen screen, int y, IReadOnlyList<Column<T>> columns, Column<T>? sorted, string mark, IReadOnlyList<T> rows, int selected)
    {
        (Column<T> Column, int Width)[] places = Place(screen.Width, columns, sorted, rows);
        int x = 0;
        foreach ((Column<T> column, int width) in places)
        {
            bool isSorted = column == sorted;
            PutAt(screen, x, y, isSorted ? column.Title + mark : column.Title, column.IsRight, isSorted ? Ink.Strong : Ink.Title, width);
            for (int i = 0; i < rows.Count; i++)
            {
                string text = column.Text(rows[i]);
                PutAt(screen, x, y + 1 + i, column.CutsMiddle ? Cut(text, width) : text, column.IsRight, column.Ink(rows[i]), width);
            }
            x += width + Gap;
        }
        if (selected >= 0)
        {
            screen.Paint(0, y + 1 + selected, screen.Width, Ink.Selected);
        }
    }

    /// <summary>
    /// Which columns are shown and how wide they are. For a column that belongs to every terminal those that stretch get narrower; the
    /// others come if nothing has to be cut for them. The column that rows are sorted by is always there.
    /// </summary>
    internal static (Column<T> Column, int Width)[] Place<T>(
        int width, IReadOnlyList<Column<T>> columns, Column<T>? sorted, IReadOnlyList<T> rows)
    {
        int RankOf(Column<T> column) => column == sorted ? 0 : column.Rank;
        Dictionary<Column<T>, int> wanted = columns.ToDictionary(
            column => column, column => column.Stretches ? Needed(column, rows) : column.Width);
        List<Column<T>> shown = [];
        foreach (Column<T> column in columns.OrderBy(RankOf))
        {
            int taken = shown.Append(column).Sum(each => Gap + (RankOf(column) <= Column<T>.LastCore ? each.Width : wanted[each])) - Gap;
            if (taken <= width || shown.Count == 0)
            {
                shown.Add(column);
            }
        }
        (Column<T> Column, int Width)[] places = [.. columns.Where(shown.Contains).Select(column => (column, column.Width))];
        int left = width - places.Sum(place => place.Width) - (Gap * (places.Length - 1));
        bool grows = true;
        while (left > 0 && grows)
        {
            grows = false;
            for (int i = 0; i < places.Length && left > 0; i++)
            {
                bool isNarrow = places[i].Width < wanted[places[i].Column];
                (places[i].Width, left, grows) = isNarrow ? (places[i].Width + 1, left - 1, true) : (places[i].Width, left, grows);
            }
        }
        return places;
    }

    private static int Needed<T>(Column<T> column, IReadOnlyList<T> rows)
    {
        int needed = Math.Max(column.Width, CellWidth.Measure(column.Title));
        foreach (T row in rows)
        {
            needed = Math.Max(needed, CellWidth.Measure(column.Text(row)));
        }
        return needed;
    }

    private static string Cut(string text, int width)
    {
        int tail = width / 2;
        return text.Length <= width || width < 2 ? text : $"{text[..(width - tail - 1)]}…{text[^tail..]}";
    }

    private static void PutAt(Screen screen, int x, int y, string text, bool isRight, Ink ink, int width)
    {
        if (isRight)
        {
            screen.PutRight(x + width, y, text, ink, Math.Min(width, screen.Width - x));
        }
        else
        {
            screen.Put(x, y, text, ink, width);
        }
    }
}
