using System.Collections;
using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>Lets a hashtable stand for a filter, in the words of Get-FlowStat's parameters.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FlowFilterAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        try
        {
            return inputData is Hashtable or PSObject { BaseObject: Hashtable }
                ? FilterTable.Read(inputData as Hashtable ?? (Hashtable)((PSObject)inputData).BaseObject)
                : inputData;
        }
        catch (XTraceException error)
        {
            throw new ArgumentTransformationMetadataException(error.Message, error);
        }
    }
}
