using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Live;

/// <summary>How a cell is shown.</summary>
internal enum Ink : byte
{
    Plain,
    Dim,
    Strong,
    /// <summary>Titles of columns.</summary>
    Title,
    /// <summary>The row that is selected, and keys at the bottom.</summary>
    Selected,
    Arriving,
    Leaving,
    Warning,
    Bad,
}

/// <summary>
/// A grid of cells, drawn anew each time and written as the difference to what the terminal shows. What does not fit is cut.
/// </summary>
/// <param name="hasColour">Whether colours are used.</param>
/// <param name="isUtf8">Whether the terminal knows other characters than those of ASCII.</param>
internal sealed class Screen(bool hasColour, bool isUtf8)
{
    private const char Ellipsis = '…';
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private const string Asterisms = "_.:-=+*#"; // for blocks, where there are none

    /// <summary>ECMA-48 8.3.117, with the sixteen colours that users choose themselves.</summary>
    private static readonly string[] s_colours = ["0", "0;90", "0;1", "0;1;36", "0;7", "0;32", "0;34", "0;33", "0;1;31"];
    private static readonly string[] s_withoutColours = ["0", "0;2", "0;1", "0;1", "0;7", "0", "0", "0;1", "0;1"];

    private readonly StringBuilder _changes = new();
    private Cell[] _cells = [];
    private Cell[] _shown = [];

    internal int Width { get; private set; }

    internal int Height { get; private set; }

    internal bool IsUtf8 => isUtf8;

    /// <summary>The terminal has this size, and shows nobody knows what.</summary>
    internal void Reset(int width, int height)
    {
        (Width, Height) = (width, height);
        _cells = new Cell[width * height];
        _shown = new Cell[width * height];
        // No cell that is drawn has a width of 0 and a character.
        Array.Fill(_shown, new Cell(' ', Ink.Plain, 0));
        Clear();
    }

    /// <summary>Begins anew.</summary>
    internal void Clear() => Array.Fill(_cells, new Cell(' ', Ink.Plain, 1));

    /// <summary>Draws a text.</summary>
    /// <param name="x">The column, from 0.</param>
    /// <param name="y">The row, from 0.</param>
    /// <param name="text">Control characters are shown as question marks.</param>
    /// <param name="ink">How.</param>
    /// <param name="width">Columns that it may take; what is longer ends with an ellipsis.</param>
    /// <returns>Columns that it took.</returns>
    internal int Put(int x, int y, string text, Ink ink = Ink.Plain, int width = int.MaxValue)
    {
        int room = Math.Min(width, Width - x);
        if (y < 0 || y >= Height || x < 0 || room <= 0)
        {
            return 0;
        }
        bool isCut = CellWidth.Measure(text) > room;
        int end = x + (isCut ? room - 1 : room);
        int at = x;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune shown = Shown(rune);
            int columns = CellWidth.Measure(shown);
            if (at + columns > end)
            {
                break;
            }
            at += columns == 0 ? 0 : Set(at, y, shown, ink, columns);
        }
        return isCut ? at + Set(at, y, Shown(new Rune(Ellipsis)), ink, 1) - x : at - x;
    }

    /// <summary>Draws a text that ends at a column.</summary>
    /// <param name="end">The column behind its last.</param>
    /// <param name="y">The row.</param>
    /// <param name="text">The text.</param>
    /// <param name="ink">How.</param>
    /// <param name="width">Columns that it may take.</param>
    internal void PutRight(int end, int y, string text, Ink ink, int width) =>
        Put(end - Math.Min(CellWidth.Measure(text), width), y, text, ink, width);

    /// <summary>Shows a row's cells in one way.</summary>
    internal void Paint(int x, int y, int width, Ink ink)
    {
        if (y >= 0 && y < Height)
        {
            foreach (ref Cell cell in _cells.AsSpan((y * Width) + x, Math.Max(0, Math.Min(width, Width - x))))
            {
                cell = cell with { Ink = ink };
            }
        }
    }

    /// <summary>The bytes that bring a terminal from the screen before to this one.</summary>
    internal byte[] TakeChanges()
    {
        _changes.Clear();
        Ink? ink = null;
        int cursor = -1;
        for (int i = 0; i < _cells.Length; i++)
        {
            Cell cell = _cells[i];
            if (cell == _shown[i] || cell.Width == 0)
            {
                continue;
            }
            if (cursor != i)
            {
                _changes.Append("\e[").Append((i / Width) + 1).Append(';').Append((i % Width) + 1).Append('H');
            }
            if (ink != cell.Ink)
            {
                _changes.Append("\e[").Append((hasColour ? s_colours : s_withoutColours)[(int)cell.Ink]).Append('m');
                ink = cell.Ink;
            }
            _changes.Append(cell.Rune.ToString());
            // Terminals do not agree on how wide symbols are, and at the end of a row the cursor may be in either.
            bool isCertain = (cell.Rune.IsAscii || cell.Width == 2) && (i % Width) + cell.Width < Width;
            cursor = isCertain ? i + cell.Width : -1;
        }
        _cells.CopyTo(_shown, 0);
        if (_changes.Length > 0)
        {
            _changes.Append("\e[0m");
        }
        return Encoding.UTF8.GetBytes(_changes.ToString());
    }

    /// <summary>The characters of a row as they were drawn, without blanks at the end.</summary>
    internal string RowText(int y)
    {
        StringBuilder text = new();
        foreach (Cell cell in _cells.AsSpan(y * Width, Width))
        {
            text.Append(cell.Width == 0 ? "" : cell.Rune.ToString());
        }
        return text.ToString().TrimEnd();
    }

    /// <summary>Sets a character. One that covered half of its place before is gone.</summary>
    private int Set(int x, int y, Rune rune, Ink ink, int columns)
    {
        Span<Cell> row = _cells.AsSpan(y * Width, Width);
        if (row[x].Width == 0 && x > 0)
        {
            row[x - 1] = new Cell(' ', row[x - 1].Ink, 1);
        }
        if (x + columns < Width && row[x + columns].Width == 0)
        {
            row[x + columns] = new Cell(' ', row[x + columns].Ink, 1);
        }
        row[x] = new Cell(rune, ink, (byte)columns);
        if (columns == 2)
        {
            row[x + 1] = new Cell(default(Rune), ink, 0);
        }
        return columns;
    }

    private Rune Shown(Rune rune)
    {
        if (Rune.IsControl(rune))
        {
            return new Rune('?');
        }
        if (isUtf8 || rune.IsAscii)
        {
            return rune;
        }
        int block = rune.IsBmp ? Blocks.IndexOf((char)rune.Value, StringComparison.Ordinal) : -1;
        return block >= 0 ? new Rune(Asterisms[block]) : new Rune(rune.Value switch
        {
            '…' => '~',
            '→' => '>',
            '←' => '<',
            '↑' => '^',
            '↓' => 'v',
            '─' => '-',
            '│' => '|',
            'µ' => 'u',
            _ => '?',
        });
    }

    /// <summary>A cell. The second half of a wide character has no character and a width of 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Cell(Rune Rune, Ink Ink, byte Width)
    {
        internal Cell(char letter, Ink ink, byte width)
            : this(new Rune(letter), ink, width)
        {
        }
    }
}
