using System.Globalization;

namespace XTrace.Messages;

/// <summary>
/// A sentence that XTrace can say, in English and Chinese: an error, a warning, or a detail. What it is about travels as
/// data, in place of <c>{0}</c>, <c>{1}</c> and so on. The files of the catalogue hold one for each message.
/// </summary>
/// <param name="id">Stable identifier, for example <c>InterfaceNotFound</c>.</param>
/// <param name="kind">The kind of error. It has no meaning for other messages.</param>
internal sealed class Message(string id, XTraceErrorKind kind = XTraceErrorKind.Failed)
{
    internal string Id { get; } = id;

    internal XTraceErrorKind Kind { get; } = kind;

    internal required string English { get; init; }

    internal required string Chinese { get; init; }

    /// <summary>The advice for a user of the cmdlets. It follows the sentence.</summary>
    internal Advice ForCmdlets { get; init; }

    /// <summary>The advice for a user of the command line. It follows the sentence.</summary>
    internal Advice ForCommandLine { get; init; }

    /// <summary>The sentence, with the advice for the face that is in use.</summary>
    internal string Text(params ReadOnlySpan<object?> arguments)
    {
        Advice advice = Speech.Face switch
        {
            Face.Cmdlets => ForCmdlets,
            Face.CommandLine => ForCommandLine,
            _ => default,
        };
        string sentence = Speech.IsChinese ? Chinese : English;
        string next = (Speech.IsChinese ? advice.Chinese : advice.English) ?? "";
        string space = sentence.Length == 0 || next.Length == 0 || Speech.IsChinese ? "" : " ";
        return string.Format(CultureInfo.InvariantCulture, $"{sentence}{space}{next}", arguments);
    }
}

/// <summary>Advice in both languages.</summary>
internal readonly record struct Advice(string? English, string? Chinese)
{
    public static implicit operator Advice((string English, string Chinese) pair) => new(pair.English, pair.Chinese);
}
