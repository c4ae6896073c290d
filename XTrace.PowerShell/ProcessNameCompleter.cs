using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Processes;

namespace XTrace.PowerShell;

/// <summary>Completes the names of processes that hold a socket now.</summary>
public sealed class ProcessNameCompleter : IArgumentCompleter
{
    /// <summary>The names that begin with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        SocketTable table = new();
        using SocketDiagnosis sockets = new();
        sockets.Read(table);
        string[] names = [.. table.Rows.ToArray().Select(row => row.Owner.Name).Distinct().Order(StringComparer.Ordinal)];
        return Completions.Of(wordToComplete, names.Select(name => (name, name)));
    }
}
