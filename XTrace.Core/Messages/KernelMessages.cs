using XTrace.Bpf;

namespace XTrace.Messages;

/// <summary>Messages for refusals of the kernel: the operation, the kernel's reason, and what to do.</summary>
internal static class KernelMessages
{
    internal static readonly Message LibbpfNotFound = new("LibbpfNotFound", XTraceErrorKind.NotSupported)
    {
        English = "{0} is not installed. Install it: 'apt-get install libbpf1' (Debian, Ubuntu), 'dnf install libbpf' (Fedora, RHEL).",
        Chinese = "没有安装 {0}。请安装：'apt-get install libbpf1'（Debian、Ubuntu），'dnf install libbpf'（Fedora、RHEL）。",
    };

    /// <summary>The programs need what this kernel does not have: the oldest that has it, and this one.</summary>
    internal static readonly Message KernelTooOld = new("KernelTooOld", XTraceErrorKind.NotSupported)
    {
        English = "Watching flows on arm64 needs Linux {0} or later. This is {1}. RDMA counters and connections need no newer one.",
        Chinese = "在 arm64 上监控流量需要 Linux {0} 或更高版本，当前为 {1}。RDMA 计数器和连接不需要更新的内核。",
    };

    private static readonly Message s_permissionDenied = Refusal(
        "PermissionDenied",
        XTraceErrorKind.PermissionDenied,
        "Run as root, or grant CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; before kernel 5.11 also CAP_SYS_RESOURCE, or a higher 'ulimit -l'.",
        "请以 root 运行，或授予 CAP_BPF、CAP_PERFMON 和 CAP_NET_ADMIN；内核 5.11 之前还需要 CAP_SYS_RESOURCE，或更高的 'ulimit -l'。");

    private static readonly Message s_outOfMemory = Refusal(
        "OutOfMemory", XTraceErrorKind.ResourceUnavailable, "Ask for a table of fewer flows, or free memory.", "请减少流表容量，或释放内存。");

    private static readonly Message s_resourceBusy = Refusal(
        "ResourceBusy", XTraceErrorKind.ResourceBusy, "See what is attached with 'bpftool net show'.", "用 'bpftool net show' 查看已挂载的程序。");

    // bpf_mprog_max() in linux/bpf_mprog.h
    private static readonly Message s_hookFull = Refusal(
        "HookFull",
        XTraceErrorKind.ResourceUnavailable,
        "A TCX hook holds 63 programs: see them with 'bpftool net show', and stop some.",
        "一个 TCX 挂载点最多容纳 63 个程序：用 'bpftool net show' 查看，并停止其中一些。");

    private static readonly Message s_notFound = Refusal(
        "NotFound", XTraceErrorKind.NotFound, "Check that the interface is still there.", "请检查该接口是否仍然存在。");

    private static readonly Message s_notSupported = Refusal(
        "NotSupported",
        XTraceErrorKind.NotSupported,
        "This driver or this kernel cannot do that. Try another attach mode.",
        "此驱动或内核不支持该操作；请换一种挂载模式。");

    private static readonly Message s_noDescriptors = Refusal(
        "BpfFailed", XTraceErrorKind.Failed, "Raise 'ulimit -n', or close files.", "请提高 'ulimit -n'，或关闭一些文件。");

    private static readonly Message s_failed = Refusal(
        "BpfFailed", XTraceErrorKind.Failed, "See what the kernel says in 'dmesg'.", "用 'dmesg' 查看内核的说明。");

    private static readonly Message s_netlinkNoDescriptors = Refusal(
        "NetlinkFailed", XTraceErrorKind.Failed, "Raise 'ulimit -n', or close files.", "请提高 'ulimit -n'，或关闭一些文件。");

    private static readonly Message s_netlinkNoMemory = Refusal(
        "NetlinkFailed", XTraceErrorKind.Failed, "Free memory, and try again.", "请释放内存，然后重试。");

    private static readonly Message s_netlinkFailed = Refusal(
        "NetlinkFailed", XTraceErrorKind.Failed, "See what the kernel says in 'dmesg'.", "用 'dmesg' 查看内核的说明。");

    internal static readonly Message FileMissing = new("FileMissing", XTraceErrorKind.ResourceUnavailable)
    {
        English = "{0} is not there. Mount what is missing: 'mount -t proc proc /proc' or 'mount -t sysfs sysfs /sys'.",
        Chinese = "{0} 不存在。请挂载缺少的文件系统：'mount -t proc proc /proc' 或 'mount -t sysfs sysfs /sys'。",
    };

    /// <summary>A library that is there could not be loaded.</summary>
    internal static readonly Message LibbpfUnusable = new("LibbpfUnusable", XTraceErrorKind.NotSupported)
    {
        English = "{0} cannot be loaded: {1}. If memory or descriptors are short, free memory or raise 'ulimit -n'. "
            + "Otherwise install it again.",
        Chinese = "无法加载 {0}：{1}。如果内存或描述符不足，请释放内存或提高 'ulimit -n'；否则请重新安装。",
    };

    /// <summary>A file of the kernel could not be used: what was tried, and the reason.</summary>
    internal static readonly Message FileFailed = new("FileFailed", XTraceErrorKind.Failed)
    {
        English = "Cannot {0}: {1}. If descriptors or memory are short, raise 'ulimit -n' or free memory. Otherwise "
            + "see what the kernel says in 'dmesg'.",
        Chinese = "无法{0}：{1}。如果描述符或内存不足，请提高 'ulimit -n' 或释放内存；否则用 'dmesg' 查看内核的说明。",
    };

    /// <summary>A file of the kernel may not be used: what was tried.</summary>
    internal static readonly Message FileDenied = new("FileFailed", XTraceErrorKind.Failed)
    {
        English = "Cannot {0}: permission denied. Run as root, or let this user read it.",
        Chinese = "无法{0}：权限不足。请以 root 运行，或允许本用户读取。",
    };

    /// <summary>The message for an error number of the BPF subsystem.</summary>
    internal static Message OfBpf(int errno) => errno switch
    {
        Errnos.EPERM or Errnos.EACCES => s_permissionDenied,
        Errnos.ENOMEM or Errnos.E2BIG or Errnos.ENOSPC => s_outOfMemory,
        Errnos.EBUSY or Errnos.EEXIST => s_resourceBusy,
        Errnos.ERANGE => s_hookFull,
        Errnos.ENODEV or Errnos.ENOENT => s_notFound,
        Errnos.EOPNOTSUPP => s_notSupported,
        Errnos.EMFILE or Errnos.ENFILE => s_noDescriptors,
        _ => s_failed,
    };

    /// <summary>The message for an error number of netlink.</summary>
    internal static Message OfNetlink(int errno) => errno switch
    {
        Errnos.EMFILE or Errnos.ENFILE => s_netlinkNoDescriptors,
        Errnos.ENOMEM or Errnos.ENOBUFS => s_netlinkNoMemory,
        _ => s_netlinkFailed,
    };

    private static Message Refusal(string id, XTraceErrorKind kind, string english, string chinese) => new(id, kind)
    {
        English = $"Cannot {{0}}: {{1}} (errno {{2}}). {english}",
        Chinese = $"无法{{0}}：{{1}}（errno {{2}}）。{chinese}",
    };
}
