using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>A link keeps a program on an interface for as long as a descriptor or a pin holds it.</summary>
internal static unsafe class BpfLink
{
    /// <summary>Attaches a program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="interfaceIndex">The interface.</param>
    /// <param name="attachType">BPF_XDP, BPF_TCX_INGRESS or BPF_TCX_EGRESS.</param>
    /// <param name="flags">XDP_FLAGS_* or BPF_F_*.</param>
    /// <param name="operation">What this is, as it reads after "cannot".</param>
    /// <param name="target">The interface's name, for errors.</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    internal static BpfHandle Create(
        BpfHandle program, int interfaceIndex, uint attachType, uint flags, KernelOperation operation, string target)
    {
        LibBpf.LinkCreateOptions options = new() { Size = (nuint)sizeof(LibBpf.LinkCreateOptions), Flags = flags };
        using BpfLog log = new();
        int result = LibBpf.bpf_link_create(program, interfaceIndex, attachType, &options);
        return BpfHandle.FromResult(result, operation, log.Text, target);
    }

    /// <summary>Attaches a program that names in its section which function of the kernel it watches (fentry, fexit).</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    internal static BpfHandle Trace(BpfHandle program, KernelOperation operation)
    {
        using BpfLog log = new();
        return BpfHandle.FromResult(LibBpf.bpf_raw_tracepoint_open(null, program), operation, log.Text);
    }

    /// <summary>Whether a descriptor is a link's: anon_inode:bpf-link, and on older kernels anon_inode:bpf_link.</summary>
    internal static bool Is(BpfHandle handle) =>
        new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget?.EndsWith("link", StringComparison.Ordinal) == true;

    /// <summary>The interface that a link is attached to, its program's id and its own. Index 0: to none any more.</summary>
    internal static (int InterfaceIndex, uint ProgramId, uint LinkId) Query(BpfHandle link)
    {
        LibBpf.LinkInfo info = default;
        uint length = (uint)sizeof(LibBpf.LinkInfo);
        int result = LibBpf.bpf_obj_get_info_by_fd(link, &info, ref length);
        return result == 0
            ? ((int)info.InterfaceIndex, info.ProgramId, info.Id)
            : throw new BpfException(KernelOperation.QueryLink, -result);
    }

    /// <summary>Puts another program in place of a link's.</summary>
    /// <param name="link">The link.</param>
    /// <param name="program">The other program.</param>
    /// <param name="operation">What this is, as it reads after "cannot".</param>
    /// <param name="target">The interface's name, for errors.</param>
    /// <exception cref="BpfException">The kernel or the driver refused.</exception>
    internal static void Update(BpfHandle link, BpfHandle program, KernelOperation operation, string target)
    {
        int result = LibBpf.bpf_link_update(link, program, null);
        if (result < 0)
        {
            throw new BpfException(operation, -result, target: target);
        }
    }

    /// <summary>
    /// Takes the program off its interface, even while another process holds the link: a process that still reads must not
    /// keep the program there.
    /// </summary>
    internal static void Detach(BpfHandle link)
    {
        int result = LibBpf.bpf_link_detach(link);
        if (result < 0)
        {
            throw new BpfException(KernelOperation.DetachLink, -result);
        }
    }
}
