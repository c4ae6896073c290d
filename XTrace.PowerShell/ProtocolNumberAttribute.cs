using System.Globalization;
using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>Lets every protocol number be one: PowerShell itself converts only those that the enumeration names.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ProtocolNumberAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        LanguagePrimitives.ConvertTo<object[]>(inputData)?.Select(Read).ToArray();

    /// <summary>A number as a protocol; anything else as it is. A greater number as text: as a number PowerShell would take 256 for 0.</summary>
    internal static object Read(object one) =>
        byte.TryParse(one?.ToString(), CultureInfo.InvariantCulture, out byte number) ? (IPProtocol)number
        : long.TryParse(one?.ToString(), CultureInfo.InvariantCulture, out _) ? one!.ToString()!
        : one!;
}
