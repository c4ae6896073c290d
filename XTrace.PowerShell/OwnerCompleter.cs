using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Processes;

namespace XTrace.PowerShell;

/// <summary>Completes what flows can be chosen by, from the processes that hold a socket now.</summary>
public abstract class OwnerCompleter : IArgumentCompleter
{
    /// <summary>The names that begin with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        SocketTable table = new();
        using SocketDiagnosis sockets = new();
        sockets.Read(table);
        IEnumerable<SocketOwner> owners = table.Rows.ToArray().Select(row => row.Owner).DistinctBy(owner => owner.Pid);
        string[] names = [.. owners.Select(NameOf).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        return Completions.Match(wordToComplete, names.Select(name => (name, name)));
    }

    private protected abstract string? NameOf(SocketOwner owner);
}

/// <summary>Completes names of processes.</summary>
public sealed class ProcessNameCompleter : OwnerCompleter
{
    private protected override string? NameOf(SocketOwner owner) => owner.Name;
}

/// <summary>Completes ids of containers, and systemd units.</summary>
public sealed class ContainerCompleter : OwnerCompleter
{
    private readonly ProcessBook _book = new();

    private protected override string? NameOf(SocketOwner owner)
    {
        Container container = _book.ContainerOf(in owner, isGone: false);
        return container.Id ?? container.Unit;
    }
}
