using System.Globalization;
using XTrace.Flows;
using XTrace.Processes;

namespace XTrace.Live;

/// <summary>
/// What was typed to find rows: words that a row must all have, somewhere in its ends, its protocol, its interface or the name of its
/// process. Upper and lower case are the same.
/// </summary>
internal sealed class LiveFilter
{
    private readonly string[] _words;

    internal LiveFilter(string text) => _words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    internal bool IsEmpty => _words.Length == 0;

    /// <summary>Whether a text has all words.</summary>
    internal bool Matches(string text) => Array.TrueForAll(_words, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a flow has all words. Its process is looked for only where that decides.</summary>
    internal bool Matches(in FlowRow row, WatchedPoint point, FlowOwners? owners)
    {
        Span<char> text = stackalloc char[192];
        ReadOnlySpan<char> written = Write(in row.Key, point, text);
        string? process = null;
        foreach (string word in _words)
        {
            if (written.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            process ??= owners?.Search(in row.Key, point) is { IsKnown: true } owner ? owner.Row.Owner.Name : "";
            if (!process.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }
        return true;
    }

    private static ReadOnlySpan<char> Write(in FlowKey key, WatchedPoint point, Span<char> text)
    {
        int length = WriteEnd(in key, FlowFields.SourceOf(in key), FlowFields.SourcePortOf(in key), text);
        text[length++] = ' ';
        length += WriteEnd(in key, FlowFields.DestinationOf(in key), FlowFields.DestinationPortOf(in key), text[length..]);
        TrafficType type = FlowFields.TrafficTypeOf(in key);
        if (text[length..].TryWrite(CultureInfo.InvariantCulture, $" {type} {point.InterfaceName}", out int written))
        {
            length += written;
        }
        return text[..length];
    }

    private static int WriteEnd(in FlowKey key, ReadOnlySpan<byte> address, ushort port, Span<char> text)
    {
        int length = FlowFields.Format(in key, address, text);
        if (FlowFields.HasPorts(in key))
        {
            text[length++] = ':';
            port.TryFormat(text[length..], out int digits, provider: CultureInfo.InvariantCulture);
            length += digits;
        }
        return length;
    }
}
