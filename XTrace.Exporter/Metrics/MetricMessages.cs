using XTrace.Messages;

namespace XTrace.Exporter.Metrics;

/// <summary>Messages about metrics.</summary>
internal static class MetricMessages
{
    internal static string MetricsOption => Say(
        "供 Prometheus 抓取的地址：/metrics, /healthz",
        "where Prometheus scrapes: /metrics, and /healthz");

    internal static string TopOption => Say(
        "每个接口和方向有自己序列的流数（默认 20），其余合计为 other",
        "flows with a series of their own, of each interface and direction (default 20)");

    internal static string QueuePairsOption => Say(
        "读取队列对；每个 RDMA 端口有自己序列的队列对数，其余合计为 other（默认不读取）",
        "read queue pairs: how many of each RDMA port have a series of their own (default: none are read)");

    internal static string LabelOption => Say("推送的序列的标签", "labels of the series that are pushed");

    internal static string RemoteWriteOption => Say(
        "推送指标：Prometheus 或 VictoriaMetrics 的 remote write 网址",
        "push metrics: remote write of Prometheus or VictoriaMetrics");

    internal static string AuthOption => Say(
        "存放 USER:PASSWORD 或 bearer token 的文件",
        "file with USER:PASSWORD, or with a bearer token");

    internal static string NoUrl => Say("--remote-write 没有给出网址。", "--remote-write names no URL.");

    internal static string NoLabel => Say("--label 没有给出标签。", "--label names no label.");

    internal static string WrongLabel(string text) => Say(
        $"'{text}' 不是标签：请使用 名称=值，名称由字母、数字和下划线组成。",
        $"'{text}' is no label: give NAME=VALUE, the name with letters, digits and underscores.");

    internal static string WrongAddress(string text) => Say(
        $"--metrics 的值 '{text}' 无效：请给出地址和端口，例如 :9430、127.0.0.1:9430 或 [::1]:9430。",
        $"--metrics cannot be '{text}': give an address and a port, for example :9430, 127.0.0.1:9430 or [::1]:9430.");

    internal static string CannotListen(string address, string reason) => Say(
        $"无法在 {address} 上监听：{reason}。请为 --metrics 选择其他地址或端口。",
        $"Cannot listen on {address}: {reason}. Choose another address or port for --metrics.");

    private static string Say(string chinese, string english) => Speech.Say(chinese, english);
}
