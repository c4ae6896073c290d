using System.Management.Automation;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>What all cmdlets share: the interface parameter's meaning, and errors that PowerShell can show.</summary>
public abstract class XTraceCommand : PSCmdlet
{
    /// <summary>Runs something for one of several inputs; its error is written, and the others go on.</summary>
    private protected bool TryFor(object target, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (XTraceException error)
        {
            WriteError(ErrorRecords.Of(error, target));
            return false;
        }
    }

    /// <summary>The interfaces that names and wildcards mean, each once. What is not found is an error, written.</summary>
    private protected IEnumerable<NetInterface> Resolve(IEnumerable<string> names)
    {
        HashSet<string> seen = [];
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<NetInterface> matches = [];
            TryFor(name, () =>
            {
                matches = pattern.Choose(NetInterfaces.List(), one => one.Name);
                if (matches.Count == 0 && pattern.Name is { } exact)
                {
                    matches = [NetInterfaces.Get(exact)];
                }
            });
            foreach (NetInterface match in matches.Where(match => seen.Add(match.Name)))
            {
                yield return match;
            }
        }
    }
}
