using XTrace.Messages;

namespace XTrace.Cli;

/// <summary>Messages for people: in Chinese with a Chinese locale, otherwise in English. Flow lines are the same everywhere.</summary>
internal static class Messages
{
    internal static string ListOption => Say("列出网络接口和 RDMA 端口", "list the network interfaces and the RDMA ports");

    internal static string ModeOption => Say(
        "监控模式：xdp（默认）流量，rdma 端口状态与流量，nccl 硬件计数器",
        "what to monitor: xdp (default) flows, rdma ports, nccl hardware counters");

    internal static string DeviceOption => Say(
        "要监控的 RDMA 设备，写法同 NCCL_IB_HCA：mlx5_0:1, ^mlx5_0, =mlx5_0, mlx5_[0-7]（默认：全部）",
        "RDMA devices to monitor, as in NCCL_IB_HCA: mlx5_0:1, ^mlx5_0, =mlx5_0, mlx5_[0-7] (default: all)");

    internal static string DetailOption => Say(
        "同时输出进程、容器、TCP 状态（往返时间、重传、拥塞窗口）、TCP 标志、DSCP、ECN 和帧长",
        "also print process, container, TCP state (round-trip time, retransmissions), TCP flags, DSCP, ECN, frame sizes");

    internal static string AllOption => Say("输出全部流，而不只是间隔内活动的流", "print every flow, not only those active in the interval");

    internal static string ChangedOption => Say(
        "只输出间隔内有变化的计数器和连接（rdma、nccl 模式）",
        "only counters and connections that moved in the interval (modes rdma, nccl)");

    internal static string LiveOption => Say(
        "在终端上实时显示两个方向，每秒一次；按 h 查看按键",
        "show it live on the terminal, both directions, each second; h lists the keys");

    internal static string NotLive(string option) => Say(
        $"--live 不使用 {option}，请去掉其中之一。",
        $"--live does not use {option}: leave out one of them.");

    internal static string OnceOption => Say("输出一次后退出", "one sample, then exit");

    internal static string JsonOption => Say(
        "每行一个 JSON 对象：一个流，（rdma、nccl 模式）一个计数器，（rdma 模式）一个队列对，（-l）一个接口或端口",
        "a JSON object a line: a flow, a counter (modes rdma, nccl), a queue pair (mode rdma), an interface or port (-l)");

    internal static string InterfaceList => Say("可用的网络接口：", "Network interfaces:");

    internal static string NoDevice => Say("-d 没有给出 RDMA 设备名称。", "-d names no RDMA device.");

    internal static string DeviceWithoutUse => Say("xdp 模式不使用 RDMA 设备，请去掉 -d。", "Mode xdp uses no RDMA device: leave out -d.");

    internal static string ChangedWithoutUse => Say(
        "xdp 模式本来就只输出活动的流，请去掉 --changed。",
        "Mode xdp prints only flows that were active anyway: leave out --changed.");

    internal static string Usage => Say(
        """
        用 eBPF（XDP 或 TC）在内核中统计网络接口的流量，按间隔逐流输出，直到按 Ctrl+C。

        用法：xtrace-catch [选项]

        选项：
        """,
        """
        Counts the flows of network interfaces, in the kernel with eBPF (XDP or TC), and
        prints them at each interval until Ctrl+C.

        Usage: xtrace-catch [options]

        Options:
        """);

    internal static string Notes => Say(
        """

        环境变量（命令行参数优先）：
          NETWORK_INTERFACE  要监控的网络接口
          MONITOR_MODE       监控模式
          NCCL_IB_HCA        rdma 和 nccl 模式：要监控的 RDMA 设备，含义与 NCCL 相同

        输出：每个流一行，数值从监控开始累计：
          SOURCE:PORT -> DESTINATION:PORT proto=NUMBER packets=N bytes=N
        每次采样之前有一行 '# 时间 sample=序号'，然后是间隔内活动过的流。
        RoCE 流的目的端口是目的队列对，proto 是 BTH 操作码。
        使用 --detail 时，行尾还有数据包的 flags（TCP 标志）、dscp、ce（带 ECN 拥塞标记的包数）、minframe 和 maxframe（最短和最长的帧，字节），
        以及已知的 pid, process, user, container, unit，和 TCP 的 state, rtt, minrtt, retrans, lost, cwnd, delivery_rate, limit。
        本机没有对应套接字的流（例如转发的流）没有进程和 TCP 状态。
        监控多个接口时，每个接口的流之前有一行 '# 接口名'；只有一个接口时没有。两个方向都监控时，该行还注明方向。

        rdma 和 nccl 模式读取网卡的计数器（sysfs），不需要特权；用 -d 选择设备，或用 -i 选择其网络接口。
        rdma 模式输出连接：'ADDRESS:PAIR -> ADDRESS:PAIR'，在 InfiniBand 上为 'PAIR:LID -> PAIR:LID'。
        包数从第一次采样开始累计，字节数是估计值，短横线表示未知。
        对端地址需要 root，除非连接由 RDMA 连接管理器建立。
        硬件网卡上的 RDMA 绕过内核，xdp 模式看不到它。XTRACE_SYSFS_ROOT 指定 sysfs 的位置（默认 /sys）。

        使用 --json 时，标准输出只有 JSON，属性名与 PowerShell 模块的对象相同；其他消息在标准错误。

        退出码：0 被 Ctrl+C 或 SIGTERM 结束，或 --once 完成，1 运行出错，2 用法错误。
        xdp 模式需要 CAP_BPF、CAP_PERFMON 和 CAP_NET_ADMIN 权限，例如使用 sudo。
        """,
        """

        Environment (options come first):
          NETWORK_INTERFACE  network interfaces to monitor
          MONITOR_MODE       what to monitor
          NCCL_IB_HCA        RDMA devices to monitor (modes rdma, nccl), with NCCL's meaning

        Output: a line for each flow, counted since the monitor started:
          SOURCE:PORT -> DESTINATION:PORT proto=NUMBER packets=N bytes=N
        A line '# TIME sample=NUMBER' comes before each sample. The sample has the flows that were active in the interval.
        RoCE flows have the destination queue pair for a port and the BTH opcode for proto.
        With --detail the line goes on with what is known. From the packets: flags (TCP), dscp, ce (packets with ECN's congestion
        mark), minframe and maxframe (bytes). Of the process: pid, process, user, container, unit. Of TCP: state, rtt, minrtt,
        retrans, lost, cwnd, delivery_rate, limit. A flow without a socket on this machine has only what the packets tell.
        With several interfaces, a line '# NAME' comes before the flows of each. With both directions it is '# NAME ingress'
        or '# NAME egress'.

        Modes rdma and nccl read the counters of the hardware (sysfs) and need no privilege. -d chooses devices, and -i
        chooses them by network interface. RDMA on a hardware NIC bypasses the kernel: mode xdp does not see it.
        Mode rdma prints connections as 'ADDRESS:PAIR -> ADDRESS:PAIR', on InfiniBand as 'PAIR:LID -> PAIR:LID'.
        Packets count from the first sample on, bytes are an estimate, and a dash stands for what is not known.
        Addresses of peers need root, unless the RDMA connection manager made the connection.
        XTRACE_SYSFS_ROOT says where sysfs is, if not /sys.

        With --json the properties are those of the PowerShell module's objects. Everything else goes to standard error.

        Exit code: 0 after Ctrl+C, SIGTERM or the sample of --once, 1 when something failed, 2 on wrong usage.
        Mode xdp needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, for example through sudo.
        """);

    internal static string Preparing(string name) => Say($"准备监控网络接口: {name}", $"Preparing to monitor network interface: {name}");

    /// <summary>The words of the tool before XTrace, in both languages: scripts may read them.</summary>
    internal static string Loaded(string name, MonitorHook hook, FlowDirection direction)
    {
        string kind = hook is MonitorHook.XdpNative or MonitorHook.XdpGeneric ? "XDP" : "TC";
        return $"{kind} program loaded on {name}{Suffix(direction)}";
    }

    private static string Suffix(FlowDirection direction) => direction == FlowDirection.Egress ? " (egress)" : "";

    internal static string FlowsOnly(string option, string mode) => Say(
        $"{mode} 模式没有流，请去掉 {option}。",
        $"Mode {mode} has no flows: leave out {option}.");

    internal static string WrongMode(string mode) => Say(
        $"未知的模式 '{mode}'，请使用 xdp、rdma 或 nccl。",
        $"There is no mode '{mode}': use xdp, rdma or nccl.");

    private static string Say(string chinese, string english) => Speech.Say(chinese, english);
}
