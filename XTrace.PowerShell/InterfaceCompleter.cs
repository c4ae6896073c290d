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
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completions.Match(wordToComplete, NetInterfaces.List().Select(target => (target.Name, $"{target.Name}, index {target.Index}")));
}
