using XTrace.Bpf;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>Attaches the XDP program, and tells what is attached.</summary>
internal static unsafe class XdpLink
{
    /// <summary>Attaches to the first hook that the mode allows and the interface takes.</summary>
    /// <param name="program">The XDP program.</param>
    /// <param name="target">The interface.</param>
    /// <param name="mode">What the user asked for.</param>
    /// <param name="report">Is told why a hook was not taken.</param>
    /// <exception cref="BpfException">No hook took it.</exception>
    /// <exception cref="XTraceException">Another program has the slot; the message names it.</exception>
    internal static (BpfHandle Link, MonitorHook Hook) Attach(BpfHandle program, NetInterface target, AttachMode mode, Action<string> report)
    {
        ThrowIfBusy(target);
        if (mode == AttachMode.Auto)
        {
            try
            {
                return (Attach(program, target, MonitorHook.XdpNative), MonitorHook.XdpNative);
            }
            catch (BpfException refusal) when (refusal.Kind != XTraceErrorKind.PermissionDenied)
            {
                report($"{target.Name}: native XDP was refused, trying generic XDP. {refusal.Message}");
            }
        }
        MonitorHook hook = mode == AttachMode.Native ? MonitorHook.XdpNative : MonitorHook.XdpGeneric;
        return (Attach(program, target, hook), hook);
    }

    /// <summary>Takes the program off its interface, whoever else holds the link: a process that still reads must not keep it there.</summary>
    internal static void Detach(BpfHandle link)
    {
        int result = LibBpf.bpf_link_detach(link);
        if (result < 0)
        {
            throw new BpfException("detach the XDP program", -result);
        }
    }

    /// <summary>The interface that a link is attached to, and its program. Index 0: to none any more.</summary>
    internal static (int InterfaceIndex, uint ProgramId, uint LinkId) Query(BpfHandle link)
    {
        LibBpf.XdpLinkInfo info = default;
        uint length = (uint)sizeof(LibBpf.XdpLinkInfo);
        int result = LibBpf.bpf_obj_get_info_by_fd(link, &info, ref length);
        return result == 0
            ? ((int)info.InterfaceIndex, info.ProgramId, info.Id)
            : throw new BpfException("ask about an XDP link", -result);
    }

    /// <summary>Whether the program really is the one that this hook of the interface runs.</summary>
    internal static bool IsAttached(int interfaceIndex, uint programId, MonitorHook hook)
    {
        LibBpf.XdpQueryOptions options = QueryInterface(interfaceIndex);
        uint attached = hook == MonitorHook.XdpNative ? options.NativeProgramId : options.GenericProgramId;
        return attached == programId;
    }

    private static BpfHandle Attach(BpfHandle program, NetInterface target, MonitorHook hook)
    {
        LibBpf.LinkCreateOptions options = new()
        {
            Size = (nuint)sizeof(LibBpf.LinkCreateOptions),
            Flags = hook == MonitorHook.XdpNative ? LibBpf.XdpFlagNative : LibBpf.XdpFlagGeneric,
        };
        using BpfLog log = new();
        int result = LibBpf.bpf_link_create(program, target.Index, LibBpf.AttachTypeXdp, &options);
        BpfHandle link = BpfHandle.Of(result, $"attach {Describe(hook)} to {target.Name}", log.Text, target.Name);
        (_, uint programId, _) = Query(link);
        if (IsAttached(target.Index, programId, hook))
        {
            return link;
        }
        link.Dispose();
        throw new XTraceException(
            "AttachNotEffective",
            XTraceErrorKind.Failed,
            $"The kernel accepted {Describe(hook)} on {target.Name} but does not run it there. Try another attach mode.",
            target.Name);
    }

    /// <summary>A slot in use is never taken from its owner.</summary>
    private static void ThrowIfBusy(NetInterface target)
    {
        LibBpf.XdpQueryOptions options = QueryInterface(target.Index);
        uint owner = new[] { options.NativeProgramId, options.OffloadedProgramId, options.GenericProgramId, options.ProgramId }.FirstOrDefault(id => id != 0);
        if (owner != 0)
        {
            string program = BpfProgram.NameOf(owner);
            string advice = program.Contains("xtrace_xdp", StringComparison.Ordinal)
                ? "It is XTrace's own: of another process, which ends with it, or of a monitor that was started in another network namespace. Many can read a monitor of Start-XdpMonitor at once."
                : $"Stop its owner first, or see what it is with 'bpftool prog show id {owner}'.";
            throw new XTraceException(
                "XdpSlotBusy",
                XTraceErrorKind.ResourceBusy,
                $"{target.Name} already runs the XDP program {program}, which stays. {advice}",
                target.Name);
        }
    }

    private static LibBpf.XdpQueryOptions QueryInterface(int index)
    {
        LibBpf.XdpQueryOptions options = new() { Size = (nuint)sizeof(LibBpf.XdpQueryOptions) };
        int result = LibBpf.bpf_xdp_query(index, 0, &options);
        return result == 0 ? options : throw new BpfException($"ask interface {index} for its XDP program", -result);
    }

    private static string Describe(MonitorHook hook) => hook == MonitorHook.XdpNative ? "native XDP" : "generic XDP";
}
