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

    /// <summary>
    /// Turns a number into a protocol and leaves anything else as it is. A number that is too great becomes text: PowerShell would
    /// convert the number 256 to protocol 0.
    /// </summary>
    internal static object Read(object one) =>
        byte.TryParse(one?.ToString(), CultureInfo.InvariantCulture, out byte number) ? (IPProtocol)number
        : long.TryParse(one?.ToString(), CultureInfo.InvariantCulture, out _) ? one!.ToString()!
        : one!;
}
