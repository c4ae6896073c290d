using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>Completes interface names from the live system.</summary>
public sealed class InterfaceCompleter : IArgumentCompleter
{
    /// <summary>The interfaces whose names begin with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        WildcardPattern pattern = WildcardPattern.Get($"{wordToComplete.Trim('\'', '"')}*", WildcardOptions.IgnoreCase);
        return NetInterfaces.List()
            .Where(one => pattern.IsMatch(one.Name))
            .Select(one => new CompletionResult(Quote(one.Name), one.Name, CompletionResultType.ParameterValue, $"{one.Name}, index {one.Index}"));
    }

    private static string Quote(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
            ? name
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
}
