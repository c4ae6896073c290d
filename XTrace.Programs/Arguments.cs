using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace XTrace.Programs;

/// <summary>The command line of a program: its options, and the variables that stand for missing ones.</summary>
internal sealed class Arguments
{
    private readonly Command _command;
    private readonly ParseResult _result;
    private readonly string? _variables;

    /// <param name="program">The program's name.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="variables">
    /// What the names of variables begin with: with XTRACE_, XTRACE_MAX_FLOW is --max-flow. Null: there are none.
    /// </param>
    /// <param name="options">Its options, in the order of the help.</param>
    internal Arguments(string program, string[] args, string? variables, params ReadOnlySpan<Option> options)
    {
        _variables = variables;
        _command = new Command(program);
        foreach (Option option in options)
        {
            _command.Add(option);
        }
        _result = _command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    /// <summary>A usage that is wrong: exit code 2.</summary>
    internal static XTraceException Wrong(string message) => new("WrongUsage", XTraceErrorKind.InvalidArgument, message);

    /// <exception cref="XTraceException">An option is not known, has no value, or is given twice.</exception>
    internal void ThrowIfWrong()
    {
        if (_result.Errors is [var error, ..])
        {
            throw Wrong(Describe(error));
        }
    }

    /// <summary>Whether an option stands on the command line.</summary>
    internal bool IsGiven(Option option) => _result.GetResult(option) is { Implicit: false };

    /// <summary>Whether a switch is on.</summary>
    /// <exception cref="XTraceException">Its variable is neither true nor false.</exception>
    internal bool IsOn(Option<bool> option) => _result.GetValue(option) || (!IsGiven(option) && IsOn(option, VariableOf(option)));

    /// <summary>Whether a switch's variable says so.</summary>
    private bool IsOn(Option option, string? variable) => variable?.ToLowerInvariant() switch
    {
        null or "0" or "false" or "no" => false,
        "1" or "true" or "yes" => true,
        _ => throw Wrong(OptionMessages.WrongSwitch(NameOf(option), variable)),
    };

    /// <summary>An option's text; null where nobody gave one.</summary>
    internal string? Text(Option<string> option) => _result.GetValue(option) ?? VariableOf(option);

    /// <summary>The items of a list with commas, each once. Null without a list.</summary>
    /// <exception cref="XTraceException">The list is empty.</exception>
    internal string[]? List(Option<string[]> option, string ifNone) =>
        IsGiven(option) ? Split(_result.GetValue(option) ?? [], ifNone)
        : VariableOf(option) is { } text ? Split([text], ifNone)
        : null;

    /// <summary>The value that an option's word stands for, or the default.</summary>
    /// <exception cref="XTraceException">There is no such word.</exception>
    internal T? Choose<T>(Option<string> option, Dictionary<string, T> choices) =>
        Text(option) is not { } text ? default
        : choices.TryGetValue(text, out T? choice) ? choice
        : throw Wrong(OptionMessages.WrongChoice(NameOf(option), text, string.Join(", ", choices.Keys)));

    /// <summary>An option's number.</summary>
    /// <exception cref="XTraceException">It is none, or out of range.</exception>
    internal int Number(Option<string> option, int otherwise, int min, int max) =>
        Text(option) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max ? number
        : throw Wrong(OptionMessages.WrongNumber(NameOf(option), text, min, max));

    /// <exception cref="XTraceException">The option stands on the command line.</exception>
    internal void Refuse(Option option, string message)
    {
        if (IsGiven(option))
        {
            throw Wrong(message);
        }
    }

    /// <summary>Splits lists with commas into their items.</summary>
    /// <exception cref="XTraceException">They name nothing.</exception>
    internal static string[] Split(IEnumerable<string> lists, string ifNone)
    {
        const StringSplitOptions Each = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        string[] names = [.. lists.SelectMany(list => list.Split(',', Each)).Distinct()];
        return names.Length > 0 ? names : throw Wrong(ifNone);
    }

    /// <summary>Writes the help: the text before the options, the options, and the text after them.</summary>
    internal void WriteHelp(string usage, string notes, TextWriter output)
    {
        output.WriteLine(usage);
        foreach (Option option in _command.Options.Where(option => !option.Hidden))
        {
            string names = string.Join(", ", option.Aliases.Append(option.Name));
            output.WriteLine($"  {$"{names} {option.HelpName}",-32} {option.Description}");
        }
        output.WriteLine(notes);
    }

    /// <summary>The source of the value, for messages.</summary>
    private string NameOf(Option option) => IsGiven(option) || _variables is null ? option.Name : VariableNameOf(option);

    private string? VariableOf(Option option) =>
        _variables is not null && Environment.GetEnvironmentVariable(VariableNameOf(option)) is { Length: > 0 } text ? text : null;

    private string VariableNameOf(Option option) => $"{_variables}{option.Name[2..].Replace('-', '_').ToUpperInvariant()}";

    private string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [] } option => OptionMessages.MissingValue(option.IdentifierToken!.Value),
        OptionResult { Tokens: [_, _, ..] } option => OptionMessages.GivenTwice(option.Option.Name),
        _ when _result.UnmatchedTokens is [var unknown, ..] =>
            unknown.StartsWith('-') ? OptionMessages.UnknownOption(unknown, Resembling(unknown)) : OptionMessages.NoOption(unknown),
        _ => error.Message,
    };

    /// <summary>The option that somebody may have meant who wrote another: it begins alike, or differs by two letters at most.</summary>
    private string? Resembling(string unknown)
    {
        string word = unknown.Split('=')[0];
        return word.Length < 4 ? null
            : _command.Options.Select(option => option.Name)
                .Select(name => (Name: name, Distance: name.StartsWith(word, StringComparison.Ordinal) ? 0 : Distance(word, name)))
                .Where(candidate => candidate.Distance <= 2)
                .OrderBy(candidate => candidate.Distance)
                .Select(candidate => candidate.Name)
                .FirstOrDefault();
    }

    /// <summary>Letters to insert, to leave out or to change to make one word of the other (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 1; i <= one.Length; i++)
        {
            (int diagonal, row[0]) = (row[0], i);
            for (int j = 1; j <= other.Length; j++)
            {
                int changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                (diagonal, row[j]) = (row[j], Math.Min(changed, Math.Min(row[j - 1], row[j]) + 1));
            }
        }
        return row[^1];
    }
}
