namespace XTrace.Live;

/// <summary>The words of the live view. Where the terminal has no UTF-8 they are English.</summary>
/// <param name="isChinese">Whether they are Chinese.</param>
internal sealed class LiveText(bool isChinese)
{
    internal string Flows => Say("流", "Flows");
    internal string Ports => Say("RDMA 端口", "RDMA ports");
    internal string QueuePairs => Say("队列对", "Queue pairs");

    internal string Arriving => Say("到达", "In");
    internal string Leaving => Say("离开", "Out");
    internal string Mean => Say("平均", "mean");
    internal string Peak => Say("最高", "peak");
    internal string Every(string seconds) => Say($"每 {seconds} 秒", $"every {seconds} s");
    internal string Paused => Say("已暂停", "PAUSED");
    internal string Filter => Say("过滤", "Filter");

    internal string Totals(string flows, string conversations) =>
        Say($"流：{flows}，会话：{conversations}", $"Flows: {flows}, conversations: {conversations}");

    internal string Kept(string rows) => Say($"匹配：{rows}", $"matches: {rows}");
    internal string QueueDrops(string packets) => Say($"离开队列丢弃 {packets} 包", $"queue dropped {packets} packets");
    internal string Evicted(string packets) => Say($"让位的流有 {packets} 包", $"flows with {packets} packets made room");
    internal string Missed(string packets) => Say($"其中 {packets} 包未显示", $"{packets} of them not shown");
    internal string Malformed(string packets) => Say($"{packets} 个畸形包", $"{packets} malformed packets");
    internal string Waiting => Say("正在等待第一次采样…", "Waiting for the first sample…");
    internal string NoRows => Say("没有可显示的行。", "Nothing to show.");
    internal string NoMatch => Say("没有匹配过滤条件的行。Esc 清除过滤。", "No row matches the filter. Esc clears it.");
    internal string NoPorts => Say(
        "没有 RDMA 端口：没有设备，或驱动没有加载。",
        "There is no RDMA port: no device, or its driver is not loaded.");
    internal string NoQueuePairs => Say("没有队列对。", "There are no queue pairs.");
    internal string Gone => Say("它已不存在。", "It is no longer there.");

    internal string Local => Say("本端", "Local");
    internal string Remote => Say("对端", "Remote");
    internal string Protocol => Say("协议", "Type");
    internal string Rate => Say("速率", "Rate");
    internal string Sent => Say("发送", "Sent");
    internal string Received => Say("接收", "Recv");
    internal string MeanRate => Say("平均", "Mean");
    internal string Bytes => Say("字节", "Bytes");
    internal string PacketRate => Say("包/秒", "Pkt/s");
    internal string Process => Say("进程", "Process");
    internal string User => Say("用户", "User");
    internal string Unit => Say("容器/单元", "Container/unit");
    internal string State => Say("状态", "State");
    internal string Retransmitted => Say("重传", "Retr");
    internal string Age => Say("时长", "Age");
    internal string Interface => Say("接口", "Interface");

    internal string Port => Say("端口", "Port");
    internal string Link => Say("链路", "Link");
    internal string Errors => Say("错误", "Errors");
    internal string Pauses => Say("暂停帧/秒", "Pauses/s");
    internal string Risen => Say("自开始以来增长的计数器：", "Counters that rose since the start:");
    internal string NothingRisen => Say(
        "自开始以来没有错误、重传或拥塞计数器增长。",
        "No counter of errors, retransmission or congestion has risen since the start.");

    internal string Type => Say("类型", "Type");
    internal string SentPackets => Say("发送包/秒", "Sent/s");
    internal string ReceivedPackets => Say("接收包/秒", "Recv/s");

    internal string SortBy => Say("排序方式（Enter 选择，Esc 取消）", "Sort by (Enter chooses, Esc leaves)");
    internal string ChooseInterfaces => Say(
        "要监控的接口（空格 选中或取消，Enter 应用，Esc 取消）",
        "Interfaces to watch (Space marks, Enter applies, Esc leaves)");
    internal string Details => Say("详细信息（Esc 返回）", "Details (Esc goes back)");
    internal string AskFilter => Say("过滤：", "Filter: ");
    internal string AskInterval => Say("间隔秒数（0.1 到 3600）：", "Interval in seconds (0.1 to 3600): ");
    internal string WrongInterval(string text) => Say($"间隔不能是“{text}”。", $"The interval cannot be '{text}'.");
    internal string NothingChosen => Say("至少选择一个接口。", "Choose one interface at least.");

    /// <summary>Keys and what they do, for the last row: the most important first.</summary>
    internal (string Key, string Action)[] Keys =>
    [
        ("q", Say("退出", "Quit")), ("h", Say("帮助", "Help")), ("/", Say("过滤", "Filter")), ("s", Say("排序", "Sort")),
        ("r", Say("反序", "Reverse")), ("p", Say("暂停", "Pause")), ("i", Say("接口", "Interfaces")), ("Enter", Say("详细", "Details")),
        ("Tab", "RDMA"), ("+-", Say("间隔", "Interval")),
    ];

    internal string[] Help => isChinese ? s_chineseHelp : s_englishHelp;

    private static readonly string[] s_englishHelp =
    [
        "Keys (Esc goes back)",
        "",
        "q F10 Ctrl+C     quit",
        "h ? F1           this help",
        "Tab 1 2 3        next page; flows, RDMA ports, queue pairs",
        "Up Down k j      select a row; PageUp, PageDown, Home, End as well",
        "Enter            all that is known of the row",
        "/ f F4           filter while typing: words that a row must have",
        "Esc              clear the filter",
        "s F6             choose what rows are sorted by",
        "< >              sort by the column to the left or right",
        "r R I            reverse the order",
        "p Space          pause, and go on",
        "d                set the interval; + and - change it",
        "i                choose interfaces",
        "Ctrl+L           draw anew",
        "Ctrl+Z           stop; the shell's fg continues",
        "",
        "Rates are bits a second. A row is what two ends sent to each other.",
        "Local is the end on this machine's side of the interface.",
        "RTT and Retr are this machine's TCP: round-trip time, segments sent again.",
    ];

    private static readonly string[] s_chineseHelp =
    [
        "按键（Esc 返回）",
        "",
        "q F10 Ctrl+C     退出",
        "h ? F1           显示本帮助",
        "Tab 1 2 3        下一页；流、RDMA 端口、队列对",
        "Up Down k j      选择行；也可用 PageUp、PageDown、Home、End",
        "Enter            显示该行的全部信息",
        "/ f F4           边输入边过滤：行必须包含的词",
        "Esc              清除过滤",
        "s F6             选择排序方式",
        "< >              按左边或右边的列排序",
        "r R I            反转顺序",
        "p Space          暂停，继续",
        "d                设置间隔；+ 和 - 调整间隔",
        "i                选择接口",
        "Ctrl+L           重新绘制",
        "Ctrl+Z           挂起；用 shell 的 fg 继续",
        "",
        "速率为比特每秒。每行是一个会话：两端互相发送的全部数据。",
        "本端是接口在本机一侧的端点。",
        "RTT 和重传来自本机的 TCP：往返时间，重新发送的报文段数。",
    ];

    private string Say(string chinese, string english) => isChinese ? chinese : english;
}
