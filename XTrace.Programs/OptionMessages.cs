using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Programs;

/// <summary>Messages that all programs share, about options and errors: in Chinese with a Chinese locale, otherwise in English.</summary>
internal static class OptionMessages
{
    internal static string RuntimeFailed(string reason) => Say(
        $"资源不足：{reason.TrimEnd('.')}。请释放内存，或提高 'ulimit -n' 和 'ulimit -u'。",
        $"A resource is short: {reason.TrimEnd('.')}. Free memory, or raise 'ulimit -n' and 'ulimit -u'.");

    internal static string OutputClosed => Say(
        "无法写入标准输出：它已关闭。请把它重定向到文件或 /dev/null。",
        "Cannot write to standard output: it is closed. Redirect it to a file, or to /dev/null.");

    internal static string OutputFailed(string reason) => Say(
        $"无法写入标准输出：{reason}。请释放磁盘空间，或把输出写到别处。",
        $"Cannot write to standard output: {reason}. Free space on the disk, or write the output elsewhere.");

    internal static string AccessDenied(string reason) => Say(
        $"权限不足：{reason} 请以 root 运行，或允许本用户访问。",
        $"{reason} Run as root, or let this user use it.");

    internal static string HelpOption => Say("显示帮助信息", "show this help");

    internal static string VersionOption => Say("显示版本", "show the version");

    internal static string InterfaceOption => Say(
        "要监控的网络接口，可用通配符（默认 eth0）",
        "network interfaces to monitor, wildcards too (default eth0)");

    internal static string IntervalOption => Say(
        "输出间隔，毫秒：100 到 3600000（默认 5000）",
        "milliseconds between samples: 100 to 3600000 (default 5000)");

    internal static string FilterOption => Say(
        "流量类型：all（默认），tcp, udp, roce, roce_v1, roce_v2, ib（同 roce）",
        "traffic type: all (default), tcp, udp, roce, roce_v1, roce_v2, ib (same as roce)");

    internal static string ExcludeDnsOption => Say("不显示 DNS 流量（端口 53）", "leave out DNS (port 53)");

    internal static string AttachModeOption => Say(
        "挂载点：auto（默认），native, tc, generic（内核合并过的包按一个计）",
        "hook: auto (default), native, tc, generic (counts merged frames as one)");

    internal static string DirectionOption => Say(
        "方向：ingress（默认，到达），egress（离开），both",
        "ingress (default, what arrives), egress (what leaves), both");

    internal static string MaxFlowOption => Say("流表能容纳的流数（默认 65536）", "flows that the table has room for (default 65536)");

    internal static string PromiscuousOption => Say(
        "监控期间让接口接收发给其他主机的帧（网桥，镜像端口）",
        "take frames that are for others while watching (bridges, mirror ports)");

    internal static string VerboseOption => Say("在标准错误上说明更多细节", "say more on standard error");

    internal static string TryHelp(string program) => Say($"请运行 '{program} --help' 查看用法。", $"Try '{program} --help'.");

    internal static string NoInterface => Say("-i 没有给出网络接口名称。", "-i names no interface.");

    internal static string UnknownOption(string text, string? resembling) => resembling is null
        ? Say($"未知的选项 '{text}'。", $"Unknown option '{text}'.")
        : Say($"未知的选项 '{text}'。是否想用 '{resembling}'？", $"Unknown option '{text}'. Did you mean '{resembling}'?");

    internal static string NoOption(string text) => Say(
        $"'{text}' 不是选项。如果它是网络接口，请使用：-i {text}。",
        $"'{text}' is not an option. If it is a network interface, write: -i {text}.");

    internal static string MissingValue(string option) => Say($"{option} 缺少值。", $"{option} needs a value.");

    internal static string GivenTwice(string option) => Say($"{option} 只能给出一次。", $"{option} may be given once.");

    internal static string WrongInterval(string text, int min, int max) => Say(
        $"间隔 '{text}' 无效：请给出 {min} 到 {max} 之间的毫秒数。",
        $"Interval '{text}' is not valid: give milliseconds from {min} to {max}.");

    internal static string WrongNumber(string option, string text, int min, int max) => Say(
        $"{option} 的值 '{text}' 无效：请给出 {min} 到 {max} 之间的数。",
        $"{option} cannot be '{text}': give a number from {min} to {max}.");

    internal static string WrongSwitch(string option, string text) => Say(
        $"{option} 的值 '{text}' 无效：请给出 true 或 false。",
        $"{option} cannot be '{text}': give true or false.");

    internal static string WrongChoice(string option, string text, string known) => Say(
        $"{option} 的值 '{text}' 无效，请使用：{known}。",
        $"{option} cannot be '{text}': use one of {known}.");

    /// <summary>A notice in one line: of what libbpf and the verifier say, the reason alone.</summary>
    internal static string Describe(Notice notice) => notice.Error is { } error ? Describe(error) : notice.Text;

    /// <summary>An error in one line.</summary>
    internal static string Describe(XTraceException error) => error is BpfException refusal
        ? $"{error.Message.Split('\n')[0].Trim()} {LoadLog.ReasonIn(refusal.Log)}".TrimEnd()
        : error.Message;

    private static string Say(string chinese, string english) => Speech.Say(chinese, english);
}
