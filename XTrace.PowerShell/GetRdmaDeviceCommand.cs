using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Emits the RDMA devices with their ports, GIDs and network interfaces.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaDevice")]
[OutputType(typeof(RdmaDevice))]
public sealed class GetRdmaDeviceCommand : XTraceCommand
{
    private readonly HashSet<string> _seen = [];
    private readonly HashSet<string> _notFound = [];

    /// <summary>The devices; without one, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Device")]
    [RdmaDeviceName]
    [ArgumentCompleter(typeof(RdmaDeviceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    private protected override void Process()
    {
        InterfaceFinder finder = new();
        foreach (string name in SelectDevices(Name).Where(_seen.Add))
        {
            RdmaDevice? device = null;
            if (TryFor(name, () => device = new DeviceFolder(name).Read(finder)))
            {
                WriteObject(device);
            }
        }
    }

    /// <summary>The devices that names and wildcards mean. An exact name that is not there is an error, written once.</summary>
    private IEnumerable<string> SelectDevices(IEnumerable<string> names)
    {
        string[] all = [];
        if (!TryFor(string.Join(", ", names), () => all = RdmaDevices.Names))
        {
            yield break;
        }
        if (all.Length == 0)
        {
            WriteVerbose(RdmaMessages.NothingThere.Text(Sysfs.InfiniBand));
        }
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<string> matches = pattern.Choose(all, device => device);
            if (matches.Count == 0 && pattern.IsExact && _notFound.Add(name))
            {
                WriteError(ErrorRecords.From(RdmaDevices.NotFound(name)));
            }
            foreach (string match in matches)
            {
                yield return match;
            }
        }
    }
}
