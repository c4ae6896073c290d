namespace XTrace.Messages;

/// <summary>Messages about processes, and about flows without a process.</summary>
internal static class OwnerMessages
{
    internal static readonly Message NoBtf = new("SocketsFromNetlink")
    {
        English = "This kernel has no BTF, so sockets are read through sock_diag and /proc. "
            + "Connections that begin and end between two samples have no process.",
        Chinese = "本内核没有 BTF，因此通过 sock_diag 和 /proc 读取套接字；在两次采样之间建立并结束的连接没有进程信息。",
    };

    internal static readonly Message NoProgram = new("SocketsFromNetlink")
    {
        English = "Sockets are read through sock_diag and /proc, because BPF cannot be used for that. "
            + "Connections that begin and end between two samples have no process. {0}",
        Chinese = "通过 sock_diag 和 /proc 读取套接字，因为无法使用 BPF；在两次采样之间建立并结束的连接没有进程信息。{0}",
    };

    internal static readonly Message UnreadNamespaces = new("NamespacesNotRead")
    {
        English = "The sockets of {0} other network namespace(s) are not read: that needs CAP_SYS_ADMIN. "
            + "Flows of containers may have no process.",
        Chinese = "未读取另外 {0} 个网络命名空间的套接字：这需要 CAP_SYS_ADMIN。容器的流可能没有进程信息。",
    };

    internal static readonly Message UnreadProcesses = new("ProcessesNotRead")
    {
        English = "The sockets of {0} process(es) are not known: they belong to other users, and reading them needs CAP_SYS_PTRACE.",
        Chinese = "无法得知 {0} 个进程的套接字：它们属于其他用户，读取需要 CAP_SYS_PTRACE。",
    };

    internal static readonly Message NoPorts = new("FlowsWithoutPorts")
    {
        English = "{0} flow(s) have no process because they are neither TCP nor UDP with ports, nor RoCE.",
        Chinese = "{0} 个流没有进程信息：它们既不是带端口的 TCP 或 UDP，也不是 RoCE。",
    };

    internal static readonly Message NoSocket = new("FlowsWithoutSocket")
    {
        English = "{0} flow(s) have no process: no socket on this machine has their addresses and ports. "
            + "They are forwarded or translated, or their sockets were closed before XTrace looked.",
        Chinese = "{0} 个流没有进程信息：本机没有套接字使用其地址和端口。它们被转发或做过地址转换，或者套接字在读取之前已经关闭。",
    };

    internal static readonly Message NoProcess = new("FlowsWithoutProcess")
    {
        English = "{0} flow(s) have no process: no process that XTrace can see holds their socket, "
            + "or the kernel closed it before XTrace looked.",
        Chinese = "{0} 个流没有进程信息：XTrace 能看到的进程都不持有其套接字，或者内核在读取之前已将其关闭。",
    };

    internal static readonly Message Ambiguous = new("FlowsOfSeveralNamespaces")
    {
        English = "{0} flow(s) have no process because sockets in several network namespaces have the same addresses and ports, "
            + "or queue pairs of several processes the same number. Watch the interface of the container instead.",
        Chinese = "{0} 个流没有进程信息：多个网络命名空间中的套接字使用相同的地址和端口，或者多个进程的队列对编号相同。请改为监控该容器的接口。",
    };

    internal static readonly Message NoQueuePair = new("FlowsWithoutQueuePair")
    {
        English = "{0} RoCE flow(s) have no process: no queue pair on this machine is known to be their end. They are forwarded, their "
            + "queue pairs were destroyed before XTrace looked, or they leave from a queue pair whose peer's address is not known.",
        Chinese = "{0} 个 RoCE 流没有进程信息：本机没有已知的队列对是其端点。它们被转发，或者队列对在读取之前已经销毁，"
            + "或者发出它们的队列对的对端地址未知。",
    };

    internal static readonly Message QueuePairWithoutProcess = new("FlowsOfKernelQueuePairs")
    {
        English = "{0} RoCE flow(s) have no process: their queue pair belongs to the kernel, or to a process in a PID namespace "
            + "that XTrace cannot see.",
        Chinese = "{0} 个 RoCE 流没有进程信息：其队列对属于内核，或者属于 XTrace 看不到的 PID 命名空间中的进程。",
    };
}
