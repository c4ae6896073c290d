using XTrace.Net;
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
            NamePattern pattern = new(name);
            IReadOnlyList<string> matches = pattern.Choose(all, one => one);
            if (matches.Count == 0 && pattern.IsExact && _notFound.Add(name))
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
