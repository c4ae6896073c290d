using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>What all cmdlets share: the interface parameter's meaning, and errors that PowerShell can show.</summary>
public abstract class XTraceCommand : PSCmdlet
{
    static XTraceCommand() => Speech.Face = Face.Cmdlets;

    /// <summary>Shows what a session tells, on the stream that its level calls for.</summary>
    private protected void Report(Notice notice)
    {
        switch (notice.Level)
        {
            case NoticeLevel.Error:
                WriteError(ErrorRecords.Of(notice.Error!));
                break;
            case NoticeLevel.Warning:
                WriteWarning(notice.Text);
                break;
            case NoticeLevel.Information:
                WriteInformation(notice, [notice.Id]);
                WriteVerbose(notice.Text);
                break;
            default:
                WriteVerbose(notice.Text);
                break;
        }
    }

    /// <summary>Runs something for one of several inputs; its error is written, and the others go on.</summary>
    private protected bool TryFor(object target, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (XTraceException error)
        {
            WriteError(ErrorRecords.Of(error, target));
            return false;
        }
    }

    /// <summary>The interfaces that names and wildcards mean, each once. What is not found is an error, written.</summary>
    private protected IEnumerable<NetInterface> Resolve(IEnumerable<string> names)
    {
        HashSet<string> seen = [];
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<NetInterface> matches = [];
            TryFor(name, () => matches = pattern.IsExact ? [NetInterfaces.Get(name)] : pattern.Choose(NetInterfaces.List(), one => one.Name));
            foreach (NetInterface match in matches.Where(match => seen.Add(match.Name)))
            {
                yield return match;
            }
        }
    }
}
