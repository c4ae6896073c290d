using System.Globalization;
using XTrace.Messages;

namespace XTrace.Exporter;

/// <summary>Messages for people: in Chinese with a Chinese locale, otherwise in English.</summary>
internal static class Messages
{
    internal static string ExcludeOption => Say("不监控的网络接口，可用通配符", "network interfaces to leave out, wildcards too");

    internal static string DeviceOption => Say(
        "读取其计数器的 RDMA 设备，可用通配符（默认全部）",
        "RDMA devices whose counters are read, wildcards too (default all)");

    internal static string IdleOption => Say(
        "静默这么多秒的流视为结束（默认 15）",
        "a flow that is silent for so long is over (default 15)");

    internal static string ActiveOption => Say(
        "持续的流每隔这么多秒输出一条记录（默认 60）",
        "a flow that goes on has a record this often (default 60)");

    internal static string OwnersOption => Say(
        "在流记录中给出进程和容器",
        "have flow records name process and container");

    internal static string BufferOption => Say(
        "每个输出的缓冲区，MiB：1 到 1024（默认 16）",
        "what each output may let wait: 1 to 1024 (default 16)");

    internal static string IpfixOption => Say(
        "IPFIX 采集器：udp://HOST:4739, tcp://HOST:4739, tls://HOST:4740",
        "IPFIX collectors: udp://HOST:4739, tcp://HOST:4739, tls://HOST:4740");

    internal static string DomainOption => Say("IPFIX 观测域（默认 1）", "IPFIX observation domain (default 1)");

    internal static string EnterpriseOption => Say(
        "队列对、操作码、进程和容器所用的企业号（默认 32473，供文档使用的号码）",
        "enterprise of queue pairs, opcodes, processes and containers (default 32473, the one for documentation)");

    internal static string MtuOption => Say(
        "UDP 上 IP 包的最大长度：512 到 9000（默认 1500）",
        "longest IP packet over UDP: 512 to 9000 (default 1500)");

    internal static string RefreshOption => Say(
        "每隔这么多秒重复模板（UDP）和总计（默认 60）",
        "how often templates (over UDP) and totals are repeated (default 60)");

    internal static string AuthoritiesOption => Say(
        "信任的证书颁发机构，PEM（默认：系统信任的）",
        "authorities to trust, PEM (default: those that the system trusts)");

    internal static string CertificateOption => Say("自己的证书，PEM", "own certificate, PEM");

    internal static string KeyOption => Say("证书的私钥，PEM", "its private key, PEM");

    internal static string NoCollector => Say("--ipfix 没有给出采集器。", "--ipfix names no collector.");

    internal static string WrongCollector(string text) => Say(
        $"'{text}' 不是采集器的地址：请使用例如 udp://collector:4739、tcp://10.0.0.1 或 tls://[2001:db8::1]:4740。",
        $"'{text}' is no collector's address: use for example udp://collector:4739, tcp://10.0.0.1 or tls://[2001:db8::1]:4740.");

    internal static string ClosedByCollector => Say("采集器关闭了连接。", "The collector closed the connection.");

    internal static string NoAnswer => Say("没有应答。", "There is no answer.");

    internal static string NoCertificate => Say("文件中没有证书。", "There is no certificate in it.");

    internal static string UnreadableFile(string file, string reason) => Say($"无法读取 {file}: {reason}", $"Cannot read {file}: {reason}");

    internal static string NoExcluded => Say("--exclude 没有给出网络接口名称。", "--exclude names no interface.");

    internal static string NoDevice => Say("-d 没有给出 RDMA 设备名称。", "-d names no RDMA device.");

    internal static string NoOutput => Say(
        "没有指定输出，例如 --ipfix udp://collector:4739。",
        "Nothing says where to export to: give an output, for example --ipfix udp://collector:4739.");

    internal static string Usage => Say(
        """
        用 eBPF 在内核中统计网络接口的流量，并把流记录发送给采集器，直到按 Ctrl+C。

        用法：xtrace-exporter [选项]

        选项：
        """,
        """
        Counts the flows of network interfaces in the kernel with eBPF, and sends flow
        records to collectors until Ctrl+C.

        Usage: xtrace-exporter [options]

        Options:
        """);

    internal static string Notes => Say(
        """

        环境变量（命令行参数优先）：
          XTRACE_<选项>      任何选项，例如 XTRACE_MAX_FLOW 即 --max-flow
          NETWORK_INTERFACE  要监控的网络接口
          VICTORIAMETRICS_ENABLED
                             为 true 或 1 时像原工具一样推送指标
          VICTORIAMETRICS_REMOTE_WRITE
                             推送地址（默认 http://localhost:8428/api/v1/import/prometheus）
          COLLECT_AGG        推送的序列的标签 collect_agg

        退出码：0 被 Ctrl+C 或 SIGTERM 结束，1 运行出错，2 用法错误。
        需要 CAP_BPF、CAP_PERFMON 和 CAP_NET_ADMIN 权限，例如使用 sudo。
        """,
        """

        Environment (options come first):
          XTRACE_<OPTION>    any option: XTRACE_MAX_FLOW stands for --max-flow
          NETWORK_INTERFACE  network interfaces to monitor
          VICTORIAMETRICS_ENABLED
                             true or 1 pushes metrics as the tool before XTrace did
          VICTORIAMETRICS_REMOTE_WRITE
                             where to (default http://localhost:8428/api/v1/import/prometheus)
          COLLECT_AGG        the label collect_agg of what is pushed

        Exit code: 0 after Ctrl+C or SIGTERM, 1 when something failed, 2 on wrong usage.
        It needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, for example through sudo.
        """);

    internal static string Away(string output, string reason) => Say(
        $"{output}：无法发送。数据将等待，并会重试。原因：{reason}",
        $"{output}: cannot send. The data waits, and XTrace tries again. The reason: {reason}");

    internal static string Refused(string output, string reason) => Say(
        $"{output}：对方拒绝接收，已放弃这些数据。原因：{reason}",
        $"{output}: the other side refuses the data, so it is given up. The reason: {reason}");

    internal static string Back(string output) => Say($"{output}：已恢复发送。", $"{output}: sending works again.");

    internal static string Handed(string output, OutputHealth health)
    {
        string flows = Number(health.Sent.Flows);
        string packets = Number(health.Sent.Frames.Packets);
        string lost = Number(health.GivenUp.Flows);
        string lostPackets = Number(health.GivenUp.Frames.Packets);
        return Say(
            $"{output}：已发送 {flows} 条记录（{packets} 个包），放弃 {lost} 条（{lostPackets} 个包）。",
            $"{output}: sent {flows} records of {packets} packets, gave up {lost} records of {lostPackets} packets.");
    }

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Say(string chinese, string english) => Speech.Say(chinese, english);
}
