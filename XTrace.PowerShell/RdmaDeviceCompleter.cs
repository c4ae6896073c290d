using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Completes names of RDMA devices from the live system.</summary>
public sealed class RdmaDeviceCompleter : IArgumentCompleter
{
    /// <summary>The devices whose names begin with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Completions.Match(wordToComplete, RdmaDevices.Names.Select(name => (name, ToolTip(name))));

    private static string ToolTip(string name) => new DeviceFolder(name).Driver is { } driver ? $"{name}, {driver}" : name;
}
