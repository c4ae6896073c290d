namespace XTrace.Messages;

/// <summary>How the numbers of a finding about an RDMA port read. What they mean is in <c>health.rules</c>.</summary>
internal static class HealthMessages
{
    internal static readonly Message Lanes = new("HealthLanes")
    {
        English = "{0}, of {1}X",
        Chinese = "{0}，应为 {1}X",
    };

    internal static readonly Message Speed = new("HealthSpeed")
    {
        English = "{0} Mbit/s, of {1} Mbit/s",
        Chinese = "{0} Mbit/s，可达 {1} Mbit/s",
    };

    internal static readonly Message Pcie = new("HealthPcie")
    {
        English = "{0}; device {1}, slot {2}",
        Chinese = "{0}；设备 {1}，插槽 {2}",
    };

    internal static readonly Message Slot = new("HealthSlot")
    {
        English = "PCIe {0} ({1}), port {2}",
        Chinese = "PCIe {0}（{1}），端口 {2}",
    };

    internal static readonly Message PerMillion = new("HealthPerMillion")
    {
        English = "{0} per million of {1} packets",
        Chinese = "{1} 个数据包中每百万 {0}",
    };

    internal static readonly Message NoPackets = new("HealthNoPackets")
    {
        English = "the device does not count packets",
        Chinese = "设备不统计数据包",
    };

    internal static readonly Message PauseShare = new("HealthPauseShare")
    {
        English = "stopped for {0} % of the time",
        Chinese = "停止的时间占 {0} %",
    };

    internal static readonly Message PauseAtMost = new("HealthPauseAtMost")
    {
        English = "stopped for at most {0} % of the time",
        Chinese = "停止的时间至多占 {0} %",
    };

    internal static readonly Message Sibling = new("HealthSibling")
    {
        English = "{0} {1}; {3} others: {2}",
        Chinese = "{0} {1}；其他 {3} 个：{2}",
    };

    internal static readonly Message Quiet = new("HealthQuiet")
    {
        English = "{0} in the interval; {2} others: at least {1}",
        Chinese = "此间隔内 {0}；其他 {2} 个：至少 {1}",
    };

    internal static readonly Message Time = new("HealthTime")
    {
        English = "in {0} s",
        Chinese = "{0} 秒内",
    };

    internal static readonly Message Healthy = new("HealthHealthy")
    {
        English = "{0} checks, {1} counters, in {2} s; {3}",
        Chinese = "{0} 项检查，{1} 个计数器，{2} 秒内；{3}",
    };
}
