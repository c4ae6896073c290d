namespace XTrace.Messages;

/// <summary>Messages about RDMA: errors first, then the notices of a session.</summary>
internal static class RdmaMessages
{
    internal static readonly Message SysfsRootNotFound = new("SysfsRootNotFound", XTraceErrorKind.NotFound)
    {
        English = "{0} is '{1}', which has no folder 'class'. Let it name a mounted sysfs, or unset it to use {2}.",
        Chinese = "{0} 为 '{1}'，其中没有目录 'class'。请让它指向已挂载的 sysfs，或取消设置以使用 {2}。",
    };

    internal static readonly Message DeviceNotFound = new("RdmaDeviceNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no RDMA device '{0}'. There are: {1}.",
        Chinese = "没有 RDMA 设备 '{0}'。现有设备：{1}。",
    };

    /// <summary>The same where there is none at all.</summary>
    internal static readonly Message DeviceNotFoundNorOthers = new("RdmaDeviceNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no RDMA device '{0}'. There are none: load the device's driver, "
            + "or let XTRACE_SYSFS_ROOT name the host's sysfs.",
        Chinese = "没有 RDMA 设备 '{0}'。本机没有任何 RDMA 设备：请加载设备的驱动，或让 XTRACE_SYSFS_ROOT 指向主机的 sysfs。",
    };

    internal static readonly Message NoDevice = new("NoRdmaDevice", XTraceErrorKind.NotFound)
    {
        English = "There is no RDMA device: the kernel has none, or its driver is not loaded. "
            + "Load it, for example with 'modprobe mlx5_ib'.",
        Chinese = "没有 RDMA 设备：内核没有 RDMA 设备，或驱动没有加载。请加载驱动，例如 'modprobe mlx5_ib'。",
    };

    internal static readonly Message PortNotFound = new("RdmaPortNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no port {0} on {1}. There are: {2}.",
        Chinese = "{1} 上没有端口 {0}。现有端口：{2}。",
    };

    internal static readonly Message CounterNotFound = new("RdmaCounterNotFound", XTraceErrorKind.NotFound)
    {
        English = "No selected port or device of {1} has a counter '{0}'.",
        Chinese = "{1} 的所选端口和设备都没有计数器 '{0}'。",
        ForCmdlets = (
            "See what there is with: Get-RdmaCounter | Select-Object Device, Port, Source, Name",
            "可用以下命令查看现有计数器：Get-RdmaCounter | Select-Object Device, Port, Source, Name"),
    };

    internal static readonly Message InterfaceNotFound = new("RdmaInterfaceNotFound", XTraceErrorKind.NotFound)
    {
        English = "No selected RDMA device uses network interface '{0}'. There are: {1}.",
        Chinese = "所选的 RDMA 设备都不使用网络接口 '{0}'。现有：{1}。",
    };

    internal static readonly Message FolderUnreadable = new("RdmaFolderUnreadable", XTraceErrorKind.Failed)
    {
        English = "Cannot read the folder '{0}': {1}. Its contents are left out. "
            + "Check its rights with 'ls -ld', and raise 'ulimit -n' if descriptors are short.",
        Chinese = "无法读取目录 '{0}': {1}。其中的内容不会显示。"
            + "请用 'ls -ld' 检查其权限；如果描述符不足，请提高 'ulimit -n'。",
    };

    /// <summary>For those who wonder why nothing is shown.</summary>
    internal static readonly Message NothingThere = new("RdmaNothingThere")
    {
        English = "There is no RDMA device in {0}: this machine has none, or its driver is not loaded.",
        Chinese = "{0} 中没有 RDMA 设备：本机没有 RDMA 设备，或驱动没有加载。",
    };

    internal static readonly Message DeviceAppeared = new("RdmaDeviceAppeared")
    {
        English = "RDMA device {0} has appeared. Its counters are read from now on.",
        Chinese = "RDMA 设备 {0} 已出现，从现在起读取其计数器。",
    };

    internal static readonly Message DeviceGone = new("RdmaDeviceGone")
    {
        English = "RDMA device {0} has disappeared. Its counters are read again when it comes back.",
        Chinese = "RDMA 设备 {0} 已消失，恢复后会继续读取其计数器。",
    };

    internal static readonly Message PortAppeared = new("RdmaPortAppeared")
    {
        English = "RDMA port {0} has appeared. Its counters are read from now on.",
        Chinese = "RDMA 端口 {0} 已出现，从现在起读取其计数器。",
    };

    internal static readonly Message PortGone = new("RdmaPortGone")
    {
        English = "RDMA port {0} has disappeared. Its counters are read again when it comes back.",
        Chinese = "RDMA 端口 {0} 已消失，恢复后会继续读取其计数器。",
    };

    internal static readonly Message CountersAppeared = new("RdmaCounterAppeared")
    {
        English = "{0} has new counters: {1}.",
        Chinese = "{0} 出现新的计数器：{1}。",
    };

    internal static readonly Message CountersGone = new("RdmaCounterGone")
    {
        English = "{0} no longer has the counters: {1}.",
        Chinese = "{0} 不再有计数器：{1}。",
    };

    /// <summary>For those who wonder why remote addresses are null.</summary>
    internal static readonly Message NoQueuePairPaths = PathsLeftOut("{0}", "{0}");

    internal static readonly Message NoRightToPaths = PathsLeftOut(
        "the BPF program that reads them needs root (CAP_SYS_ADMIN).", "读取它们的 BPF 程序需要 root 权限（CAP_SYS_ADMIN）。");

    internal static readonly Message NoTypesForPaths = PathsLeftOut(
        "the BPF program that reads them needs a kernel with BTF for modules (5.11, CONFIG_DEBUG_INFO_BTF_MODULES), and there is no {0}.",
        "读取它们的 BPF 程序需要带有模块 BTF 的内核（5.11, CONFIG_DEBUG_INFO_BTF_MODULES），而 {0} 不存在。");

    internal static readonly Message QueuePairsUnreadable = new("RdmaQueuePairUnreadable")
    {
        English = "Cannot list the queue pairs of {0}: {1}",
        Chinese = "无法列出 {0} 的队列对：{1}",
    };

    internal static readonly Message QueuePairsStretched = new("RdmaQueuePairStretched")
    {
        English = "Listing the queue pairs takes {0} ms. To stay below 1 % of the time, they are listed every {1} ms "
            + "instead of every {2} ms. "
            + "If a sequence number can wrap in that time, IsAmbiguous is true.",
        Chinese = "列出队列对需要 {0} 毫秒。为使其占用不到 1 % 的时间，每 {1} 毫秒列出一次，而不是每 {2} 毫秒："
            + "若序列号在此期间可能回绕，IsAmbiguous 为真。",
    };

    internal static readonly Message QueuePairsOfKernelOnly = new("RdmaQueuePairNoSysfs")
    {
        English = "Queue pairs are not shown: {0} names a tree other than /sys, "
            + "and the kernel lists the queue pairs of this machine alone.",
        Chinese = "不显示队列对：{0} 指向 /sys 以外的目录，而内核只列出本机的队列对。",
    };

    private static Message PathsLeftOut(string english, string chinese) => new("RdmaQueuePairPathUnknown")
    {
        English = $"Addresses of peers, path MTUs, service levels and traffic classes are left out: {english}",
        Chinese = $"不显示对端地址、路径 MTU、服务级别和流量类别：{chinese}",
    };
}
