using System.Management.Automation;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Emits the RDMA devices with their ports, GIDs and network interfaces.</summary>
[Cmdlet(VerbsCommon.Get, "RdmaDevice")]
[OutputType(typeof(RdmaDevice))]
public sealed class GetRdmaDeviceCommand : RdmaCommand
{
    private readonly HashSet<string> _seen = [];

    /// <summary>The devices; without one, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Device")]
    [RdmaDeviceName]
    [ArgumentCompleter(typeof(RdmaDeviceCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (RdmaDevice device in RdmaDevices.Read(SelectDevices(Name).Where(_seen.Add)))
        {
            WriteObject(device);
        }
    }
}
