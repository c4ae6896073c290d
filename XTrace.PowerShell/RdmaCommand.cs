using System.Management.Automation;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Finds RDMA devices by name.</summary>
public abstract class RdmaCommand : XTraceCommand
{
    private readonly HashSet<string> _notFound = [];

    /// <summary>The devices that names and wildcards mean. An exact name that is not there is an error, written once.</summary>
    private protected IEnumerable<string> SelectDevices(IEnumerable<string> names)
    {
        string[] all = [];
        if (!TryFor(string.Join(", ", names), () => all = RdmaDevices.Names))
        {
            yield break;
        }
        if (all.Length == 0)
        {
            WriteVerbose($"There is no RDMA device in {Sysfs.InfiniBand}: this machine has none, or its driver is not loaded.");
        }
        foreach (string name in names)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            bool wildcard = WildcardPattern.ContainsWildcardCharacters(name);
            string[] matches = [.. all.Where(one => wildcard ? pattern.IsMatch(one) : one == name)];
            if (matches.Length == 0 && !wildcard && _notFound.Add(name))
            {
                WriteError(ErrorRecords.Of(RdmaDevices.NotFound(name)));
            }
            foreach (string match in matches)
            {
                yield return match;
            }
        }
    }
}
