using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace XTrace.PowerShell;

/// <summary>Completes a filter: a whole one for each key, to start from, and the keys within one.</summary>
public sealed class FilterCompleter : IArgumentCompleter
{
    private static readonly Dictionary<string, string> s_examples = new()
    {
        ["TrafficType"] = "'TCP'",
        ["Protocol"] = "'ICMP'",
        ["Address"] = "'10.0.0.0/8'",
        ["Port"] = "443",
        ["ExcludeDns"] = "$true",
    };

    /// <summary>The filters that begin with the typed text.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return FilterTable.Keys.Select(key => $"@{{ {key} = {s_examples[key]} }}")
            .Where(filter => filter.StartsWith(wordToComplete, StringComparison.OrdinalIgnoreCase))
            .Select(filter => new CompletionResult(filter, filter, CompletionResultType.ParameterValue, filter));
    }
}
