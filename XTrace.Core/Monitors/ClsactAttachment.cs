using XTrace.Bpf;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>
/// A program that a filter of the clsact qdisc keeps on its hook. The filter stays until somebody removes it, see ClsactHook.
/// </summary>
internal sealed class ClsactAttachment(BpfHandle program, int interfaceIndex, FlowDirection direction, bool endsWithProcess) : Attachment
{
    private bool _endsWithProcess = endsWithProcess;

    internal override MonitorHook Hook => MonitorHook.Clsact;

    internal override (int InterfaceIndex, uint ProgramId, uint LinkId) Query()
    {
        uint id = BpfProgram.IdOf(program);
        bool isThere = NetInterfaces.NameOf(interfaceIndex) != null
            && ClsactHook.List(interfaceIndex, direction).Any(filter => filter.ProgramId == id);
        return (isThere ? interfaceIndex : 0, id, 0);
    }

    internal override bool IsInPlace() => Query().InterfaceIndex != 0;

    internal override int CountProgramsBefore()
    {
        uint id = BpfProgram.IdOf(program);
        IReadOnlyList<ClsactHook.Filter> filters = ClsactHook.List(interfaceIndex, direction);
        uint priority = filters.FirstOrDefault(filter => filter.ProgramId == id && filter.Handle != 0).Priority;
        return TcxHook.CountPrograms(interfaceIndex, direction)
            + filters.Count(filter => filter.Handle != 0 && !filter.IsOurs && filter.Priority < priority);
    }

    internal override void Pin(string path)
    {
        program.Pin(path);
        _endsWithProcess = false;
    }

    internal override void Detach()
    {
        if (NetInterfaces.NameOf(interfaceIndex) != null)
        {
            ClsactHook.Remove(interfaceIndex, direction, BpfProgram.IdOf(program));
        }
    }

    public override void Dispose()
    {
        if (_endsWithProcess)
        {
            try
            {
                Detach();
            }
            catch (XTraceException)
            {
                // The next process that looks at the interface removes it.
            }
        }
        program.Dispose();
    }
}
