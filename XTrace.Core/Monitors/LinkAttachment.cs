using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Monitors;

/// <summary>A program that a BPF link keeps on its hook: XDP or TCX. It ends with the last holder of the link.</summary>
internal sealed class LinkAttachment(BpfHandle link, MonitorHook hook, FlowDirection direction) : Attachment
{
    internal override MonitorHook Hook => hook;

    internal override (int InterfaceIndex, uint ProgramId, uint LinkId) Query() => BpfLink.Query(link);

    internal override bool IsInPlace()
    {
        (int index, uint program, _) = Query();
        bool runs = index != 0 && (hook == MonitorHook.Tcx
            ? TcxHook.Runs(index, direction, program)
            : XdpHook.Runs(index, hook, program));
        // Another process may have handed the driver another program between the two questions.
        return runs || (index != 0 && Query().ProgramId != program && IsInPlace());
    }

    internal override int CountProgramsBefore()
    {
        (int index, uint program, _) = Query();
        return hook == MonitorHook.Tcx && index != 0 ? TcxHook.CountBefore(index, direction, program) : 0;
    }

    /// <summary>Puts another program of the same kind in place of the one that is there.</summary>
    /// <exception cref="BpfException">The kernel or the driver refused.</exception>
    internal void Replace(BpfHandle program, string interfaceName) =>
        BpfLink.Update(link, program, KernelOperation.Attach(HookPlan.Describe(hook), interfaceName), interfaceName);

    internal override void Pin(string path) => link.Pin(path);

    internal override void Detach() => BpfLink.Detach(link);

    public override void Dispose() => link.Dispose();
}
