using XTrace.Messages;

namespace XTrace.Cli;

/// <summary>The words in the blocks of modes rdma and nccl. Chinese words are those of the original tool, if it had them.</summary>
internal static class RdmaLabels
{
    internal static string RdmaTitle => Say("=== RDMA 监控统计 ===", "=== RDMA ===");

    internal static string NcclTitle => Say("=== NCCL RDMA 监控统计 ===", "=== NCCL RDMA ===");

    internal static string State => Say("设备状态:", "State:");

    internal static string Sent => Say("发送统计:", "Sent:");

    internal static string Received => Say("接收统计:", "Received:");

    internal static string Increments => Say("增量统计:", "Since the last sample:");

    internal static string Connections => Say("连接:", "Connections:");

    internal static string Saturated => Say("(已饱和)", "(saturated)");

    internal static string NotCounted => Say("(驱动不统计)", "(the driver does not count them)");

    internal static string Started(bool nccl, IEnumerable<string> devices, bool isChosen)
    {
        string names = string.Join(", ", devices);
        string mode = nccl ? "NCCL RDMA" : "RDMA";
        return isChosen
            ? Say($"开始 {mode} 监控: {names} (按 Ctrl+C 退出)", $"Monitoring {mode}: {names} (Ctrl+C to stop)")
            : Say(
                $"开始 {mode} 监控全部设备: {names} (用 -d 选择, 按 Ctrl+C 退出)",
                $"Monitoring {mode}, all devices: {names} (-d chooses, Ctrl+C to stop)");
    }

    internal static string Device(string name) => Say($"设备: {name}", $"Device: {name}");

    internal static string Interface(IEnumerable<RdmaInterface> interfaces)
    {
        string names = string.Join(", ", interfaces.Select(found => found.FoundBy == RdmaInterfaceMethod.PciFunction
            ? Say($"{found} (推测)", $"{found} (a guess)")
            : $"{found}"));
        return Say($"接口: {OrNothing(names)}", $"Interface: {OrNothing(names)}");
    }

    internal static string Running(TimeSpan time) => Say(
        FormattableString.Invariant($"运行时间: {time.TotalSeconds:F2} 秒"),
        FormattableString.Invariant($"Running: {time.TotalSeconds:F2} s"));

    internal static string PortState(string state, string physicalState) => Say(
        $"  端口状态: {OrNothing(state)} ({OrNothing(physicalState)})",
        $"  Port state: {OrNothing(state)} ({OrNothing(physicalState)})");

    internal static string ActiveWidth(string width) => Say($"  活动宽度: {width}", $"  Active width: {width}");

    internal static string ActiveSpeed(string speed) => Say($"  活动速度: {speed}", $"  Active speed: {speed}");

    internal static string Bytes(string number) => Say($"  字节数: {number}", $"  Bytes: {number}");

    internal static string Packets(string number) => Say($"  数据包: {number}", $"  Packets: {number}");

    internal static string Errors(string number) => Say($"  错误数: {number}", $"  Errors: {number}");

    internal static string SentIncrement(string bytes, string packets) => Say(
        $"  发送: {bytes} 字节, {packets} 数据包",
        $"  Sent: {bytes} bytes, {packets} packets");

    internal static string ReceivedIncrement(string bytes, string packets) => Say(
        $"  接收: {bytes} 字节, {packets} 数据包",
        $"  Received: {bytes} bytes, {packets} packets");

    internal static string Bandwidth(string sent, string received) => Say(
        $"  带宽: 发送 {sent}, 接收 {received}",
        $"  Bandwidth: sent {sent}, received {received}");

    internal static string Group(RdmaCounterCategory category) => category switch
    {
        RdmaCounterCategory.Traffic => Say("流量:", "Traffic:"),
        RdmaCounterCategory.Retransmission => Say("丢包与重传:", "Loss and retransmission:"),
        RdmaCounterCategory.Congestion => Say("拥塞:", "Congestion:"),
        RdmaCounterCategory.Error => Say("错误:", "Errors:"),
        _ => Say("其他:", "Other:"),
    };

    private static string OrNothing(string text) => text.Length == 0 ? "-" : text;

    private static string Say(string chinese, string english) => Speech.Say(chinese, english);
}
