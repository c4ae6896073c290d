using System.Management.Automation;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.PowerShell;

/// <summary>The base of all cmdlets: the meaning of the interface parameter, and the engine's notices in PowerShell's streams.</summary>
public abstract class XTraceCommand : PSCmdlet
{
    private IReadOnlyList<NetInterface>? _interfaces;

    static XTraceCommand() => Speech.Face = Face.Cmdlets;

    /// <summary>Writes what the engine tells into the stream that fits.</summary>
    private protected void Report(Notice notice)
    {
        switch (notice.Level)
        {
            case NoticeLevel.Error:
                WriteError(ErrorRecords.From(notice.Error!));
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

    /// <summary>Takes one input of the pipeline.</summary>
    private protected virtual void Process()
    {
    }

    /// <summary>Does what is done once, when all inputs are known.</summary>
    private protected virtual void End()
    {
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(Process);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Guard(End);

    /// <summary>An error that is not of one input ends the command, with the same id and category as elsewhere.</summary>
    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (XTraceException error)
        {
            ThrowTerminatingError(ErrorRecords.From(error));
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
            WriteError(ErrorRecords.From(error, target));
            return false;
        }
    }

    private protected bool IsBound(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>The interfaces that match names and wildcards, each once. For a name that is not found, an error is written.</summary>
    private protected IEnumerable<NetInterface> Resolve(IEnumerable<string> names)
    {
        HashSet<string> seen = [];
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            IReadOnlyList<NetInterface> matches = Choose(pattern);
            if (matches.Count == 0 && pattern.IsExact)
            {
                WriteError(ErrorRecords.From(NetInterfaces.NotFound(pattern.Name!, _interfaces!)));
            }
            foreach (NetInterface match in matches.Where(match => seen.Add(match.Name)))
            {
                yield return match;
            }
        }
    }

    /// <summary>
    /// Finds the interfaces that a name means. They are listed once for all names that come through the pipeline, and again for
    /// a name that was not there yet.
    /// </summary>
    private protected IReadOnlyList<NetInterface> Choose(NamePattern pattern)
    {
        IReadOnlyList<NetInterface> matches = _interfaces == null ? [] : NetInterfaces.Choose(_interfaces, pattern);
        if (matches.Count == 0)
        {
            _interfaces = NetInterfaces.List();
            matches = NetInterfaces.Choose(_interfaces, pattern);
        }
        return matches;
    }
}
