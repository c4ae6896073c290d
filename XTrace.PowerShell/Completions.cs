using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>The common part of all completers.</summary>
internal static class Completions
{
    /// <summary>Those that begin with what was typed, quoted where they must be.</summary>
    internal static IEnumerable<CompletionResult> Match(string typed, IEnumerable<(string Name, string Tip)> names)
    {
        string start = typed.Trim('\'', '"').Replace("''", "'", StringComparison.Ordinal);
        NamePattern pattern = new($"{start}*");
        return names
            .Where(known => known.Name.StartsWith(start, StringComparison.OrdinalIgnoreCase) || pattern.IsMatch(known.Name))
            .Select(known => new CompletionResult(Quote(known.Name), known.Name, CompletionResultType.ParameterValue, known.Tip));
    }

    private static string Quote(string name) =>
        !name.StartsWith('-') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
            ? name
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
}
