using System.Text;

namespace XTrace.Live;

/// <summary>Keys that are not letters.</summary>
internal enum Key
{
    /// <summary>A letter: see the press's rune.</summary>
    Letter,
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    /// <summary>A control character: its letter is the press's rune.</summary>
    Control,
    /// <summary>A sequence that means nothing here.</summary>
    Unknown,
}

/// <summary>A key that was pressed.</summary>
internal readonly record struct KeyPress(Key Key, Rune Letter);

/// <summary>
/// Makes keys of the bytes that a terminal sends. A sequence may come in parts; an escape that nothing follows until the next call
/// is the key of that name.
/// </summary>
internal sealed class KeyReader
{
    private const byte EscapeByte = 0x1b;

    private static readonly Dictionary<string, Key> s_sequences = new()
    {
        ["A"] = Key.Up, ["B"] = Key.Down, ["C"] = Key.Right, ["D"] = Key.Left, ["H"] = Key.Home, ["F"] = Key.End, ["Z"] = Key.BackTab,
        ["1~"] = Key.Home, ["3~"] = Key.Delete, ["4~"] = Key.End, ["5~"] = Key.PageUp, ["6~"] = Key.PageDown, ["7~"] = Key.Home,
        ["8~"] = Key.End, ["P"] = Key.F1, ["Q"] = Key.F2, ["R"] = Key.F3, ["S"] = Key.F4, ["11~"] = Key.F1, ["12~"] = Key.F2,
        ["13~"] = Key.F3, ["14~"] = Key.F4, ["15~"] = Key.F5, ["17~"] = Key.F6, ["18~"] = Key.F7, ["19~"] = Key.F8, ["20~"] = Key.F9,
        ["21~"] = Key.F10, ["[A"] = Key.F1, ["[B"] = Key.F2, ["[C"] = Key.F3, ["[D"] = Key.F4, ["[E"] = Key.F5,
    };

    private readonly List<byte> _pending = [];

    /// <summary>The keys in what was typed, and in what was left of the call before.</summary>
    internal IEnumerable<KeyPress> Read(ReadOnlySpan<byte> typed)
    {
        bool isLast = typed.IsEmpty;
        _pending.AddRange(typed);
        List<KeyPress> keys = [];
        int start = 0;
        while (start < _pending.Count && Next(start, isLast, keys) is var length and > 0)
        {
            start += length;
        }
        _pending.RemoveRange(0, start);
        return keys;
    }

    /// <returns>How many bytes the key has; 0 where it is not there as a whole.</returns>
    private int Next(int start, bool isLast, List<KeyPress> keys)
    {
        byte first = _pending[start];
        if (first == EscapeByte)
        {
            return NextSequence(start, isLast, keys);
        }
        if (first >= 0x80)
        {
            ReadOnlySpan<byte> rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending)[start..];
            bool isCut = Rune.DecodeFromUtf8(rest, out Rune rune, out int length) == System.Buffers.OperationStatus.NeedMoreData;
            if (isCut && !isLast)
            {
                return 0;
            }
            keys.Add(new KeyPress(Key.Letter, rune));
            return length;
        }
        keys.Add(first switch
        {
            (byte)'\r' or (byte)'\n' => new KeyPress(Key.Enter, default),
            (byte)'\t' => new KeyPress(Key.Tab, default),
            0x7f or 0x08 => new KeyPress(Key.Backspace, default),
            < 0x20 => new KeyPress(Key.Control, new Rune(first + 0x60)),
            _ => new KeyPress(Key.Letter, new Rune(first)),
        });
        return 1;
    }

    /// <summary>ECMA-48 5.4: parameters up to a final byte; or one byte behind SS3.</summary>
    private int NextSequence(int start, bool isLast, List<KeyPress> keys)
    {
        if (start + 1 == _pending.Count)
        {
            return isLast ? Add(Key.Escape, 1) : 0;
        }
        byte second = _pending[start + 1];
        if (second is not ((byte)'[' or (byte)'O'))
        {
            return Add(Key.Escape, 1);
        }
        int end = start + 2;
        // The console of Linux has a second bracket before its function keys.
        end += second == '[' && end < _pending.Count && _pending[end] == '[' ? 1 : 0;
        while (end < _pending.Count && _pending[end] is >= 0x20 and < 0x40)
        {
            end++;
        }
        if (end == _pending.Count)
        {
            return isLast ? Add(Key.Unknown, end - start) : 0;
        }
        string name = Encoding.ASCII.GetString([.. _pending[(start + 2)..(end + 1)]]);
        return Add(s_sequences.GetValueOrDefault(name, Key.Unknown), end + 1 - start);

        int Add(Key key, int length)
        {
            keys.Add(new KeyPress(key, default));
            return length;
        }
    }
}
