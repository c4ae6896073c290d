using System.Text;

namespace XTrace.Live;

/// <summary>The effect of a key on an overlay.</summary>
internal enum OverlayResult
{
    Stays,
    Closes,
    Applies,
}

/// <summary>Something that lies over a page and takes the keys.</summary>
internal abstract class Overlay
{
    /// <summary>Whether it is drawn instead of the page; else in the last row.</summary>
    internal virtual bool CoversPage => true;

    internal abstract void Draw(Screen screen, int y, int height);

    internal abstract OverlayResult Press(KeyPress press);

    /// <summary>How far a key moves.</summary>
    /// <param name="press">The key.</param>
    /// <param name="first">How far the first line is.</param>
    /// <param name="last">How far the last one is at most.</param>
    /// <param name="page">Lines of a page.</param>
    private protected static int Step(KeyPress press, int first, int last, int page) => press.Key switch
    {
        Key.Up => -1,
        Key.Down => 1,
        Key.PageUp => -page,
        Key.PageDown => page,
        Key.Home => first,
        Key.End => last,
        _ => IsLetter(press, "k") ? -1 : IsLetter(press, "j") ? 1 : 0,
    };

    internal static bool IsLetter(KeyPress press, string letters) =>
        press.Key == Key.Letter && letters.Contains(press.Letter.ToString(), StringComparison.Ordinal);
}

/// <summary>Lines that can be scrolled, until a key closes them.</summary>
internal sealed class TextOverlay(string title, Func<IReadOnlyList<(string Name, string Value)>> lines) : Overlay
{
    private const int Column = 26;

    private int _offset;
    private int _height = 1;

    internal override void Draw(Screen screen, int y, int height)
    {
        IReadOnlyList<(string Name, string Value)> all = lines();
        _height = Math.Max(1, height - 1);
        _offset = Math.Clamp(_offset, 0, Math.Max(0, all.Count - _height));
        screen.Put(0, y, title, Ink.Title);
        int column = all.All(line => line.Value.Length == 0) ? screen.Width : Column;
        for (int i = 0; i < Math.Min(_height, all.Count - _offset); i++)
        {
            (string name, string value) = all[_offset + i];
            screen.Put(0, y + 1 + i, name, value.Length == 0 ? Ink.Plain : Ink.Dim, column - 1);
            screen.Put(column, y + 1 + i, value);
        }
    }

    internal override OverlayResult Press(KeyPress press)
    {
        if (press.Key is Key.Escape or Key.Enter or Key.F1 || IsLetter(press, "qh?"))
        {
            return OverlayResult.Closes;
        }
        _offset = Math.Max(0, _offset + Step(press, -_offset, int.MaxValue / 2, _height));
        return OverlayResult.Stays;
    }
}

/// <summary>A list to choose from: one, or several that are marked.</summary>
internal sealed class MenuOverlay : Overlay
{
    private readonly string _title;
    private readonly IReadOnlyList<string> _items;
    private readonly bool[]? _marks;
    private int _offset;
    private int _height = 1;

    /// <param name="title">What stands above.</param>
    /// <param name="items">What there is.</param>
    /// <param name="selected">Which is selected first.</param>
    /// <param name="marks">Which are marked; null where one is chosen.</param>
    internal MenuOverlay(string title, IReadOnlyList<string> items, int selected, bool[]? marks = null) =>
        (_title, _items, Selected, _marks) = (title, items, selected, marks);

    internal int Selected { get; private set; }

    internal IEnumerable<string> Marked => _items.Where((_, i) => _marks![i]);

    internal override void Draw(Screen screen, int y, int height)
    {
        _height = Math.Max(1, height - 1);
        _offset = Math.Clamp(_offset, Math.Max(0, Selected - _height + 1), Math.Max(0, Selected));
        screen.Put(0, y, _title, Ink.Title);
        for (int i = 0; i < Math.Min(_height, _items.Count - _offset); i++)
        {
            int item = _offset + i;
            string mark = _marks is null ? "  " : _marks[item] ? "[x] " : "[ ] ";
            screen.Put(0, y + 1 + i, mark + _items[item]);
            if (item == Selected)
            {
                screen.Paint(0, y + 1 + i, screen.Width, Ink.Selected);
            }
        }
    }

    internal override OverlayResult Press(KeyPress press)
    {
        if (press.Key == Key.Enter)
        {
            return OverlayResult.Applies;
        }
        if (press.Key == Key.Escape || IsLetter(press, "q"))
        {
            return OverlayResult.Closes;
        }
        Selected = Math.Clamp(Selected + Step(press, -Selected, _items.Count, _height), 0, Math.Max(0, _items.Count - 1));
        if (_marks is { Length: > 0 } && IsLetter(press, " "))
        {
            _marks[Selected] ^= true;
        }
        return OverlayResult.Stays;
    }
}

/// <summary>A line to type into.</summary>
/// <param name="prompt">What stands before it.</param>
/// <param name="start">What it has already.</param>
/// <param name="changed">Called with what it has, as soon as that changes.</param>
internal sealed class PromptOverlay(string prompt, string start, Action<string>? changed = null) : Overlay
{
    private readonly StringBuilder _text = new(start);

    internal string Text => _text.ToString();

    /// <summary>Whether what is typed filters a page.</summary>
    internal bool IsFilter { get; init; }

    internal override bool CoversPage => false;

    internal override void Draw(Screen screen, int y, int height)
    {
        int used = screen.Put(0, y, prompt, Ink.Strong);
        used += screen.Put(used, y, Tail(Text, screen.Width - used - 1));
        screen.Put(used, y, " ", Ink.Selected);
    }

    /// <summary>The end of a text: what is typed stands there.</summary>
    private static string Tail(string text, int width)
    {
        string tail = text;
        for (int start = 0; start < text.Length && CellWidth.Measure(tail) > width;)
        {
            start += char.IsHighSurrogate(text[start]) ? 2 : 1;
            tail = $"…{text[start..]}";
        }
        return tail;
    }

    internal override OverlayResult Press(KeyPress press)
    {
        switch (press.Key)
        {
            case Key.Enter:
                return OverlayResult.Applies;
            case Key.Escape:
                return OverlayResult.Closes;
            case Key.Backspace when _text.Length > 0:
                _text.Length -= char.IsLowSurrogate(_text[^1]) ? 2 : 1;
                break;
            case Key.Control when press.Letter.Value == 'u':
                _text.Clear();
                break;
            case Key.Letter:
                _text.Append(press.Letter.ToString());
                break;
            default:
                return OverlayResult.Stays;
        }
        changed?.Invoke(Text);
        return OverlayResult.Stays;
    }
}
