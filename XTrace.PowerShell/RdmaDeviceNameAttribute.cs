using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>Lets devices, ports and counters stand for the name of their device, so that the RDMA cmdlets take what they emit.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RdmaDeviceNameAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        inputData is PSObject { BaseObject: not string } source
            ? (source.Properties["Device"] ?? source.Properties["Name"])?.Value ?? inputData
            : inputData;
}
