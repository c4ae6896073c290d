using System.Runtime.CompilerServices;
using XTrace.Flows;
using XTrace.Processes;

namespace XTrace.Live;

/// <summary>
/// The words that a user typed to find rows. A row must have all of them, in its ends, protocol, interface or process name. Upper and
/// lower case are the same.
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

    /// <summary>Writes what its columns show.</summary>
    private static ReadOnlySpan<char> Write(in FlowKey key, WatchedPoint point, Span<char> text)
    {
        int length = WriteEnd(in key, FlowFields.SourceOf(in key), FlowFields.SourcePortOf(in key), text);
        text[length++] = ' ';
        length += WriteEnd(in key, FlowFields.DestinationOf(in key), FlowFields.DestinationPortOf(in key), text[length..]);
        length += FlowFields.IsRoce(in key) ? Append(text[length..], $" qp 0x{FlowFields.QueuePairOf(in key):x} ")
            : FlowFields.IsFragment(in key) ? Append(text[length..], $" frag ")
            : Append(text[length..], $" ");
        length += Conversation.WriteProtocol(in key, text[length..]);
        length += Append(text[length..], $" {point.InterfaceName}");
        return text[..length];
    }

    /// <summary>As <see cref="FlowEndpoints.Endpoint"/> writes it.</summary>
    private static int WriteEnd(in FlowKey key, ReadOnlySpan<byte> address, ushort port, Span<char> text)
    {
        if (!FlowFields.HasPorts(in key))
        {
            return FlowFields.Format(in key, address, text);
        }
        bool hasColons = !FlowFields.IsIPv4(in key);
        int start = hasColons ? Append(text, $"[") : 0;
        int length = start + FlowFields.Format(in key, address, text[start..]);
        return length + (hasColons ? Append(text[length..], $"]:{port}") : Append(text[length..], $":{port}"));
    }

    private static int Append(
        Span<char> text, [InterpolatedStringHandlerArgument(nameof(text))] MemoryExtensions.TryWriteInterpolatedStringHandler what)
    {
        text.TryWrite(ref what, out int written);
        return written;
    }
}
