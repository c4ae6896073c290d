namespace XTrace.Messages;

/// <summary>
/// Messages of the cmdlets alone: wrong values of a parameter, which PowerShell names first, and the actions that they confirm.
/// </summary>
internal static class CmdletMessages
{
    internal static readonly Message WrongChoice = new("WrongValue")
    {
        English = "It cannot be '{0}': use {1}.",
        Chinese = "不能是“{0}”：请使用 {1}。",
    };

    internal static readonly Message WrongProtocol = new("WrongValue")
    {
        English = "It cannot be '{0}': use a number from 0 to 255, or {1}.",
        Chinese = "不能是“{0}”：请使用 0 到 255 之间的数，或 {1}。",
    };

    internal static readonly Message OutOfRange = new("WrongValue")
    {
        English = "It cannot be '{0}': give a number from {1} to {2}.",
        Chinese = "不能是“{0}”：请给出 {1} 到 {2} 之间的数。",
    };

    internal static readonly Message StartMonitor = new("StartMonitor") { English = "Start XDP monitor", Chinese = "启动 XDP 监控" };

    internal static readonly Message StopMonitor = new("StopMonitor") { English = "Stop XDP monitor", Chinese = "停止 XDP 监控" };

    internal static readonly Message WatchingFlows = new("WatchingFlows") { English = "Watching flows", Chinese = "正在监控流" };

    internal static readonly Message SamplingCounters = new("SamplingCounters")
    {
        English = "Sampling RDMA counters",
        Chinese = "正在对 RDMA 计数器采样",
    };

    internal static readonly Message SamplingQueuePairs = new("SamplingQueuePairs")
    {
        English = "Sampling RDMA queue pairs",
        Chinese = "正在对 RDMA 队列对采样",
    };

    internal static readonly Message TestingPorts = new("TestingPorts") { English = "Testing RDMA ports", Chinese = "正在检查 RDMA 端口" };
}
