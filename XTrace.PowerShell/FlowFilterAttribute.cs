using System.Collections;
using System.Management.Automation;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>
/// Accepts as a filter a hashtable whose keys are named like Get-FlowStat's parameters, and the filter of another process's
/// monitor.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FlowFilterAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        try
        {
            return TableOf(inputData) is { } table ? FilterTable.Read(table)
                : inputData is null || Is<FlowFilter>(inputData) ? inputData
                : throw new XTraceException(FilterMessages.NoTable, inputData, inputData);
        }
        catch (XTraceException error)
        {
            throw new ArgumentTransformationMetadataException(error.Message, error);
        }
    }

    private static bool Is<T>(object input) => input is T or PSObject { BaseObject: T };

    /// <summary>A filter that comes from another process has its properties, and none of its methods.</summary>
    private static Hashtable? TableOf(object? input) => input switch
    {
        Hashtable table => table,
        PSObject { BaseObject: Hashtable table } => table,
        PSObject other when other.TypeNames.Contains($"Deserialized.{typeof(FlowFilter)}") =>
            new Hashtable(FilterTable.Keys.ToDictionary(key => key, key => other.Properties[key]?.Value)),
        _ => null,
    };
}
