namespace XTrace.Messages;

/// <summary>Messages about interfaces, monitors and flows.</summary>
internal static class FlowMessages
{
    internal static readonly Message InterfaceNotFound = new("InterfaceNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no network interface '{0}'. There are: {1}.",
        Chinese = "没有网络接口“{0}”。现有接口：{1}。",
    };

    internal static readonly Message InterfaceGone = new("InterfaceGone", XTraceErrorKind.NotFound)
    {
        English = "{0} is no longer watched: the interface is gone, or its program was detached. Start again when it is back.",
        Chinese = "{0} 不再被监控：接口已消失，或其程序已被卸下。接口恢复后请重新运行。",
    };

    internal static readonly Message InterfaceGoneAtStart = new("InterfaceGone", XTraceErrorKind.NotFound)
    {
        English = "{0} disappeared while XTrace attached to it. Start again when it is back.",
        Chinese = "挂载过程中接口 {0} 消失了。接口恢复后请重新运行。",
    };

    internal static readonly Message InterfaceLeft = new("InterfaceLeft")
    {
        English = "{0} is gone. This sample has its last flows.",
        Chinese = "接口 {0} 已消失，本次采样包含其最后的流。",
    };

    internal static readonly Message NothingMatchesYet = new("NothingMatchesYet")
    {
        English = "No network interface matches '{0}' yet.",
        Chinese = "目前没有网络接口与“{0}”匹配。",
    };

    internal static readonly Message Watching = new("Watching")
    {
        English = "Watching {0} on {1}, {2}.",
        Chinese = "正在监控 {0}：{1}，{2}。",
    };

    internal static readonly Message ReadingMonitor = new("ReadingMonitor")
    {
        English = "{0}: reading the monitor that runs on {1}, {2}.",
        Chinese = "{0}：读取正在运行的监控（{1}，{2}）。",
    };

    internal static readonly Message ReadingFilteredMonitor = new("ReadingMonitor")
    {
        English = "{0}: reading the monitor that runs on {1}, {2}. It keeps only: {3}.",
        Chinese = "{0}：读取正在运行的监控（{1}，{2}），其过滤条件：{3}。",
    };

    internal static readonly Message DetailsNotKept = new("DetailsNotKept")
    {
        English = "{0}: the monitor that runs there, {1}, keeps no TCP flags, DSCP, ECN or frame sizes, so they are null.",
        Chinese = "{0}：正在运行的监控（{1}）不保存 TCP 标志、DSCP、ECN 和帧长，因此这些值为空。",
        ForCmdlets = (
            "Restart it with Start-XdpMonitor -Detail -Force, which begins its counts anew.",
            "可用 Start-XdpMonitor -Detail -Force 重新启动，计数将从零开始。"),
        ForCommandLine = (
            "Stop that monitor, and xtrace-catch attaches one of its own that keeps them.",
            "停止该监控后，xtrace-catch 会挂载自己的监控并保存这些值。"),
    };

    internal static readonly Message Attached = new("Attached")
    {
        English = "{0}: attached to {1}, {2}.",
        Chinese = "{0}：已挂载到 {1}，{2}。",
    };

    internal static readonly Message VirtualTakesTc = new("VirtualTakesTc")
    {
        English = "{0}: {1} is virtual, and native XDP would slow down its traffic. TC comes first.",
        Chinese = "{0}：{1} 是虚拟接口，native XDP 会拖慢其流量，因此优先使用 TC。",
    };

    internal static readonly Message DriverForgetsXdp = new("DriverForgetsXdp")
    {
        English = "{0}: its driver {1} resets the card when the link goes down and up or the MTU changes. Native XDP counts nothing after "
            + "that, and TC goes on.",
        Chinese = "{0}：链路断开后恢复或 MTU 更改时，驱动 {1} 会重置网卡。此后 native XDP 不再计数，而 TC 继续计数。",
    };

    internal static readonly Message RenewedXdp = new("RenewedXdp")
    {
        English = "{0}: its driver {1} forgot the XDP program while the machine was suspended. The program runs again. Frames that arrived "
            + "since the suspend were not counted. With attach mode Tc none are lost.",
        Chinese = "{0}：系统挂起期间，驱动 {1} 丢失了 XDP 程序。程序现已重新运行。从恢复到现在到达的帧没有计数。使用挂载模式 Tc 则不会丢失。",
    };

    internal static readonly Message SeveralBuffers = new("SeveralBuffers")
    {
        English = "{0}: the driver may need several buffers for a frame. The XDP program that reads all of them is used.",
        Chinese = "{0}：驱动可能用多个缓冲区存放一个帧，因此使用能读取全部缓冲区的 XDP 程序。",
    };

    internal static readonly Message HookRefused = new("HookRefused")
    {
        English = "{0}: {1} was refused. {2}",
        Chinese = "{0}：{1} 被拒绝。{2}",
    };

    internal static readonly Message FiltersFirst = new("FiltersFirst")
    {
        English = "{0}: other filters run before priority {1}. XTrace does not count what they drop or accept.",
        Chinese = "{0}：优先级 {1} 之前还有其他过滤器，被它们丢弃或接受的包不会计数。",
    };

    internal static readonly Message GenericXdp = new("GenericXdp")
    {
        English = "{0}: no other hook can be used, so generic XDP is. It counts frames that the kernel merged as one.",
        Chinese = "{0}：其他挂载点不可用，使用 generic XDP；内核合并过的帧按一个计数。",
    };

    internal static readonly Message Stacked = new("Stacked")
    {
        English = "{0} stands on {1}. Packets that go through both are counted on both.",
        Chinese = "{0} 建立在 {1} 之上：经过两者的包在两处都会计数。",
    };

    internal static readonly Message BridgeShowsItsOwn = new("BridgeShowsItsOwn")
    {
        English = "{0} is a bridge: it shows what this host sends and receives through it, and not what its ports exchange.",
        Chinese = "{0} 是网桥：只能看到本机经由它收发的流量，看不到其端口之间的流量。",
        ForCmdlets = ("Add -Promiscuous to see that as well, or watch the ports.", "加上 -Promiscuous 可以看到，或者监控各端口。"),
        ForCommandLine = ("Add --promiscuous to see that as well, or watch the ports.", "加上 --promiscuous 可以看到，或者监控各端口。"),
    };

    internal static readonly Message VrfShowsNothing = new("VrfShowsNothing")
    {
        English = "{0} is a VRF: the kernel counts what arrives on it, and hands none of it to XDP or TC there. Watch "
            + "the interfaces in it.",
        Chinese = "{0} 是 VRF：内核在其上计数，但不把任何帧交给该接口的 XDP 或 TC。请监控属于它的接口。",
    };

    internal static readonly Message PromiscuousFailed = new("PromiscuousFailed", XTraceErrorKind.PermissionDenied)
    {
        English = "{0} cannot be made promiscuous: {1}. This needs CAP_NET_RAW as well. "
            + "Grant it, or run 'ip link set {0} promisc on' first.",
        Chinese = "无法将 {0} 设为混杂模式：{1}。这还需要 CAP_NET_RAW。请授予该权限，或事先运行 'ip link set {0} promisc on'。",
    };

    internal static readonly Message ProgramsBefore = new("ProgramsBefore")
    {
        English = "{0} ({1}): {2} other program(s) run before XTrace's. "
            + "Frames that they drop, redirect or accept are not counted. See them with 'bpftool net show'.",
        Chinese = "{0}（{1}）：有 {2} 个其他程序先于 XTrace 运行，被它们丢弃、重定向或接受的帧不会计数。用 'bpftool net show' 查看。",
    };

    internal static readonly Message QueueDropped = new("QueueDropped")
    {
        English = "{0}: its queueing discipline dropped {1} packets that are counted as leaving. See 'tc -s qdisc show dev {0}'.",
        Chinese = "{0}：其排队规则丢弃了 {1} 个已按离开计数的包。见 'tc -s qdisc show dev {0}'。",
    };

    internal static readonly Message FlowsEvicted = new("FlowsEvicted")
    {
        English = "{0} ({1}): the flow table was full. {2} packets belong to flows that made room and are in no sample.",
        Chinese = "{0}（{1}）：流表已满，有 {2} 个包属于让位的流，不在任何采样中。",
        ForCmdlets = ("Start the monitor with a larger -MaxFlow.", "请用更大的 -MaxFlow 启动监控。"),
        ForCommandLine = ("Give a larger --max-flow.", "请指定更大的 --max-flow。"),
    };

    internal static readonly Message MonitorsNotRead = new("MonitorsNotRead")
    {
        English = "Monitors that run are not read. {0}",
        Chinese = "未读取正在运行的监控。{0}",
    };

    internal static readonly Message Replacing = new("Replacing")
    {
        English = "{0}: replacing the monitor, which is {1}.",
        Chinese = "{0}：替换原有监控（状态 {1}）。",
    };

    internal static readonly Message RemovingDead = new("RemovingDead")
    {
        English = "Removing what is left of the monitor of {0} ({1}).",
        Chinese = "正在删除 {0} 监控的残留（{1}）。",
    };

    internal static readonly Message RemovedDead = new("RemovedDead")
    {
        English = "These monitors had ceased to count, as their interface is gone or their program was detached: {0}. "
            + "They are removed, with what they had counted.",
        Chinese = "以下监控因接口消失或程序被卸下而已停止计数：{0}。它们及其计数已被删除。",
    };

    internal static readonly Message TableMemory = new("TableMemory")
    {
        English = "A table for {0} flows takes {1} KiB: {3} slots on each of {2} CPUs.",
        Chinese = "容纳 {0} 个流的表占用 {1} KiB：{2} 个 CPU，每个 {3} 个槽位。",
    };

    internal static readonly Message NotEnoughMemory = new("OutOfMemory", XTraceErrorKind.ResourceUnavailable)
    {
        English = "A table for {0} flows takes {1} KiB, and only {2} KiB of memory are available. Ask for fewer flows.",
        Chinese = "容纳 {0} 个流的表需要 {1} KiB，而可用内存只有 {2} KiB。请减少流的数量。",
    };

    internal static readonly Message InvalidMaxFlow = new("InvalidMaxFlow", XTraceErrorKind.InvalidArgument)
    {
        English = "A table for {0} flows is not possible. Give a number from {1} to {2}, for example {3}.",
        Chinese = "流表容量不能是 {0}。请给出 {1} 到 {2} 之间的数，例如 {3}。",
    };

    internal static readonly Message FilterTooLarge = new("FilterTooLarge", XTraceErrorKind.InvalidArgument)
    {
        English = "The kernel's filter holds {0} addresses and {1} ports, not {2} and {3}. Name larger networks.",
        Chinese = "内核过滤器最多容纳 {0} 个地址和 {1} 个端口，而不是 {2} 和 {3} 个。请改用更大的网段。",
        ForCmdlets = ("Or filter in Get-FlowStat, which has no such limit.", "或者在 Get-FlowStat 中过滤，那里没有此限制。"),
    };

    internal static readonly Message InvalidAddress = new("InvalidAddress", XTraceErrorKind.InvalidArgument)
    {
        English = "'{0}' is no IP address, no network and no host name. Write for example 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32.",
        Chinese = "“{0}”不是 IP 地址、网段或主机名。请写成例如 10.0.0.1、10.0.0.0/8 或 2001:db8::/32。",
    };

    internal static readonly Message HostNotFound = new("InvalidAddress", XTraceErrorKind.InvalidArgument)
    {
        English = "The host name '{0}' has no address: {1}. Check the name with 'getent ahosts {0}', or write an "
            + "address such as 10.0.0.1 or 10.0.0.0/8.",
        Chinese = "主机名“{0}”没有地址：{1}。请用 'getent ahosts {0}' 检查该名称，或改写地址，例如 10.0.0.1 或 10.0.0.0/8。",
    };

    internal static readonly Message MissingCapabilities = new("PermissionDenied", XTraceErrorKind.PermissionDenied)
    {
        English = "Watching flows needs {0}, which this process lacks. Run it with sudo, or with only what is needed: '{1}'.",
        Chinese = "监控流量需要 {0}，而本进程没有。请使用 sudo 运行，或只授予所需的权限：'{1}'。",
    };

    internal static readonly Message EgressNeedsTc = new("EgressNeedsTc", XTraceErrorKind.InvalidArgument)
    {
        English = "XDP sees the frames that arrive at {0}, and not those that leave it. Use attach mode Tc or Auto for egress.",
        Chinese = "XDP 只能看到到达 {0} 的帧，看不到离开的帧。egress 请使用挂载模式 Tc 或 Auto。",
    };

    internal static readonly Message XdpNeedsEthernet = new("LinkNotSupported", XTraceErrorKind.NotSupported)
    {
        English = "{0} has no Ethernet frames, and the XDP program reads nothing else. Use attach mode Tc or Auto.",
        Chinese = "{0} 上没有以太网帧，而 XDP 程序只能解析以太网帧。请使用挂载模式 Tc 或 Auto。",
    };

    internal static readonly Message LinkNotSupported = new("LinkNotSupported", XTraceErrorKind.NotSupported)
    {
        English = "The frames of {0} begin with headers that XTrace does not read (hardware type {1}, see linux/if_arp.h). "
            + "Watch the interface that carries them instead.",
        Chinese = "{0} 的帧以 XTrace 不解析的头部开始（硬件类型 {1}，见 linux/if_arp.h）。请改为监控承载它的接口。",
    };

    internal static readonly Message NoTcx = new("NotSupported", XTraceErrorKind.NotSupported)
    {
        English = "This kernel has no TCX, which came with 6.6.",
        Chinese = "本内核没有 TCX（6.6 起支持）。",
    };

    internal static readonly Message NoHook = new("NoHook", XTraceErrorKind.NotSupported)
    {
        English = "No hook of {0} can be used. {1}",
        Chinese = "{0} 没有可用的挂载点。{1}",
    };

    internal static readonly Message AttachNotEffective = new("AttachNotEffective", XTraceErrorKind.Failed)
    {
        English = "The kernel accepted {1} on {0} but does not run it there. Start again, or try another attach mode.",
        Chinese = "内核接受了 {0} 上的 {1}，但并未运行它。请重试，或换一种挂载模式。",
    };

    internal static readonly Message UpperXdp = new("ResourceBusy", XTraceErrorKind.ResourceBusy)
    {
        English = "The kernel takes no {1} on {0} while an interface above it, such as its bridge or bond, runs an XDP program: "
            + "see which with 'bpftool net show'. Start {0} before that one, or use attach mode Tc.",
        Chinese = "{0} 上层的接口（如网桥或 bond）正在运行 XDP 程序，因此内核不接受 {0} 上的 {1}：用 'bpftool net show' 查看。请先启动 {0}，或使用挂载模式 Tc。",
    };

    internal static readonly Message DriverRefused = new("NotSupported", XTraceErrorKind.NotSupported)
    {
        English = "The driver of {0} refuses {1} with the present setup of the interface (errno {2}). "
            + "Its MTU, its number of queues, or LRO may be the reason. Change that, or use attach mode Tc.",
        Chinese = "按当前设置，{0} 的驱动不支持 {1}（errno {2}）：原因可能是 MTU、队列数或 LRO。请修改设置，或使用挂载模式 Tc。",
    };

    internal static readonly Message XdpSlotBusy = new("XdpSlotBusy", XTraceErrorKind.ResourceBusy)
    {
        English = "{0} already runs the XDP program {1}, which stays. "
            + "See what it is with 'bpftool prog show id {2}', and watch beside it with attach mode Tc.",
        Chinese = "{0} 已在运行 XDP 程序 {1}，该程序会保留。用 'bpftool prog show id {2}' 查看，并用挂载模式 Tc 与它并存。",
    };

    internal static readonly Message XdpSlotOurs = new("XdpSlotBusy", XTraceErrorKind.ResourceBusy)
    {
        English = "{0} already runs the XDP program {1}, which stays. It belongs to another process of XTrace and ends with it, "
            + "or to a monitor that was started in another network namespace. "
            + "Any number of watches can run beside it with attach mode Tc.",
        Chinese = "{0} 已在运行 XDP 程序 {1}，该程序会保留。它属于 XTrace：来自另一个进程（随其结束），或来自另一个网络命名空间中启动的监控。可用挂载模式 Tc 与它并存。",
        ForCmdlets = ("Several commands can read a monitor of Start-XdpMonitor at once.", "Start-XdpMonitor 的监控可以被同时读取。"),
    };

    internal static readonly Message IngressQdisc = new("IngressQdisc", XTraceErrorKind.ResourceBusy)
    {
        English = "{0} has an ingress qdisc. The clsact filter that counts egress cannot stand beside it. "
            + "Let the owner of the qdisc use clsact instead, which takes the same filters: 'tc qdisc add dev {0} clsact'.",
        Chinese = "{0} 有 ingress qdisc，与它并存时没有 egress 的挂载点。请改用接受相同过滤器的 clsact：'tc qdisc add dev {0} clsact'。",
    };

    internal static readonly Message MonitorExists = new("MonitorExists", XTraceErrorKind.ResourceExists)
    {
        English = "{0} has had a monitor for {1} since {2:yyyy-MM-dd HH:mm:ss}.",
        Chinese = "{0} 自 {2:yyyy-MM-dd HH:mm:ss} 起已有 {1} 方向的监控。",
        ForCmdlets = ("Read it with Get-FlowStat, or restart it with -Force.", "用 Get-FlowStat 读取，或用 -Force 重新启动。"),
    };

    internal static readonly Message MonitorNotFound = new("MonitorNotFound", XTraceErrorKind.NotFound)
    {
        English = "'{0}' has no such monitor in this network namespace. There are: {1}.",
        Chinese = "“{0}”在本网络命名空间中没有这样的监控。现有监控：{1}。",
    };

    internal static readonly Message MonitorNotFoundYet = new("MonitorNotFound", XTraceErrorKind.NotFound)
    {
        English = "'{0}' has no monitor in this network namespace. There are: {1}.",
        Chinese = "“{0}”在本网络命名空间中没有监控。现有监控：{1}。",
        ForCmdlets = ("Start one with: Start-XdpMonitor {0}", "可用以下命令启动：Start-XdpMonitor {0}"),
    };

    internal static readonly Message NoMonitors = new("MonitorNotFound", XTraceErrorKind.NotFound)
    {
        English = "'{0}' has no monitor. This network namespace has none at all.",
        Chinese = "“{0}”没有监控。本网络命名空间中没有任何监控。",
        ForCmdlets = ("Start one with: Start-XdpMonitor {0}", "可用以下命令启动：Start-XdpMonitor {0}"),
    };

    internal static readonly Message NeitherInterfaceNorMonitor = new("MonitorNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no network interface '{0}', and no monitor has that name. The interfaces are: {1}. The monitors are: {2}.",
        Chinese = "没有网络接口“{0}”，也没有该名称的监控。现有接口：{1}。现有监控：{2}。",
    };

    internal static readonly Message NeitherInterfaceNorMonitors = new("MonitorNotFound", XTraceErrorKind.NotFound)
    {
        English = "There is no network interface '{0}', and there are no monitors. The interfaces are: {1}.",
        Chinese = "没有网络接口“{0}”，也没有任何监控。现有接口：{1}。",
    };

    internal static readonly Message MonitorMoved = new("MonitorMoved", XTraceErrorKind.ResourceExists)
    {
        English = "The interface {0} of the monitor moved to another network namespace, and is still watched there.",
        Chinese = "监控启动时的接口 {0} 现在位于另一个网络命名空间，并仍在那里被监控。",
        ForCmdlets = ("Stop it with Stop-XdpMonitor {0}, or replace it with -Force.", "用 Stop-XdpMonitor {0} 结束它，或用 -Force 替换。"),
    };

    internal static readonly Message MonitorIncompatible = new("MonitorIncompatible", XTraceErrorKind.InvalidState)
    {
        English = "The monitor of {0} was started by another version of XTrace.",
        Chinese = "{0} 的监控由另一个版本的 XTrace 启动。",
        ForCmdlets = (
            "Stop it with Stop-XdpMonitor, or replace it with Start-XdpMonitor -Force.",
            "用 Stop-XdpMonitor 停止它，或用 Start-XdpMonitor -Force 替换。"),
        ForCommandLine = (
            "Stop it first, with the version that started it or with the cmdlet Stop-XdpMonitor.",
            "请先用启动它的版本或 cmdlet Stop-XdpMonitor 停止它。"),
    };

    internal static readonly Message BpfFileSystemNotMounted = new("BpfFileSystemNotMounted", XTraceErrorKind.ResourceUnavailable)
    {
        English = "{0} is not mounted, and mounting it failed: {1}. Mount it once as root: 'mount -t bpf -o mode=0700 bpffs {0}'.",
        Chinese = "{0} 没有挂载，且挂载失败：{1}。请以 root 挂载一次：'mount -t bpf -o mode=0700 bpffs {0}'。",
    };

    internal static readonly Message PrivateMountNamespace = new("PrivateMountNamespace", XTraceErrorKind.InvalidState)
    {
        English = "This process has a mount namespace of its own without a BPF file system, so a monitor would be gone when it ends. "
            + "Mount one at {0} outside of it first: 'mount -t bpf -o mode=0700 bpffs {0}'. "
            + "To enter only a network namespace, use 'nsenter --net=/run/netns/<name>'.",
        Chinese = "本进程处于独立的挂载命名空间，其中没有 BPF 文件系统，监控会随进程结束而消失。请先在外部挂载：'mount -t bpf -o mode=0700 bpffs {0}'。"
            + "若只需进入网络命名空间，请使用 'nsenter --net=/run/netns/<name>'。",
    };

    internal static readonly Message PinFolderNotTrusted = new("PinFolderNotTrusted", XTraceErrorKind.PermissionDenied)
    {
        English = "{0} cannot be trusted: {1}. Only this user or root may own it and write into it. "
            + "Find out who made it, remove it, and start again.",
        Chinese = "{0} 不可信任：{1}。它只能由本用户或 root 拥有并写入。请查明来源，将其删除，然后重试。",
    };

    internal static readonly Message MonitorsBusy = new("MonitorsBusy", XTraceErrorKind.ResourceBusy)
    {
        English = "Another process has been starting or stopping monitors for more than {1} s and holds {0}. "
            + "See which with 'fuser {0}', and try again.",
        Chinese = "另一个进程正在启动或停止监控，占用 {0} 已超过 {1} 秒。用 'fuser {0}' 查看是哪个进程，然后重试。",
    };

    internal static readonly Message PinDenied = new("PinDenied", XTraceErrorKind.PermissionDenied)
    {
        English = "Monitors are pinned under {0}, which this user may not read and write. Run as root, or give the folder to the user: "
            + "'sudo chmod a+x {1}' and 'sudo install -d -m 700 -o <user> {0}'.",
        Chinese = "监控固定在 {0} 之下，而本用户无权读写。请以 root 运行，或把该目录交给此用户：'sudo chmod a+x {1}' 和 'sudo install -d -m 700 -o <user> {0}'。",
    };
}
