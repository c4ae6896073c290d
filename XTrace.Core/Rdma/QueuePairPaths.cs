using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>
/// What netlink leaves out of queue pairs, from a BPF program on the kernel's ib_query_qp. It tells of those that this process
/// lists. It needs root, and a kernel with BTF for modules (5.11, CONFIG_DEBUG_INFO_BTF_MODULES).
/// </summary>
internal sealed class QueuePairPaths : IDisposable
{
    private const string Resource = "queue_pairs.bpf.o";
    private const string Program = "xtrace_query_qp";
    private const string Ring = "paths";
    private const string CoreModule = "/sys/module/ib_core/initstate"; // only of a module; what is built in has none
    private const string CoreModuleTypes = "/sys/kernel/btf/ib_core";
    private const string KernelTypes = "/sys/kernel/btf/vmlinux";

    private readonly BpfObject _bpf;
    private readonly BpfRing _ring = new();
    private readonly BpfHandle _link;
    private readonly Dictionary<(uint Device, uint Number), QueuePairPath> _paths = [];

    /// <exception cref="XTraceException">It cannot be loaded.</exception>
    internal QueuePairPaths()
    {
        _bpf = BpfObject.OpenResource(typeof(QueuePairPaths).Assembly, Resource);
        try
        {
            (ulong device, ulong inode) = FileStatus.IdentityOf("/proc/self/ns/pid");
            _bpf.ReadOnlyData<QueuePairReader>() =
                new() { NamespaceDevice = device, NamespaceInode = inode, Process = (uint)Environment.ProcessId };
            _bpf.Load();
            _ring.Add(_bpf.Map(Ring), Take);
            _link = BpfLink.Trace(_bpf.Program(Program), KernelOperation.AttachQueryProgram);
        }
        catch (XTraceException)
        {
            _ring.Dispose();
            _bpf.Dispose();
            throw;
        }
    }

    /// <summary>Loads the program; null and a notice where that is not possible, and everything else works without it.</summary>
    internal static QueuePairPaths? TryOpen(Action<Notice> report)
    {
        if (!Capabilities.HasAdmin)
        {
            report(new Notice(NoticeLevel.Detail, RdmaMessages.NoRightToPaths, null));
            return null;
        }
        string types = File.Exists(CoreModule) ? CoreModuleTypes : KernelTypes;
        if (!File.Exists(types))
        {
            report(new Notice(NoticeLevel.Detail, RdmaMessages.NoTypesForPaths, null, types));
            return null;
        }
        try
        {
            return new QueuePairPaths();
        }
        catch (XTraceException error)
        {
            report(new Notice(NoticeLevel.Detail, RdmaMessages.NoQueuePairPaths, null, error.Message));
            return null;
        }
    }

    /// <summary>The paths that were seen since the last call, by device index and number; the last answer counts.</summary>
    internal IReadOnlyDictionary<(uint Device, uint Number), QueuePairPath> Consume()
    {
        _paths.Clear();
        _ring.Consume();
        return _paths;
    }

    public void Dispose()
    {
        _link.Dispose();
        _ring.Dispose();
        _bpf.Dispose();
    }

    private void Take(ReadOnlySpan<byte> record)
    {
        QueuePairPath path = MemoryMarshal.Read<QueuePairPath>(record);
        _paths[(path.Device, path.Number)] = path;
    }
}
