using System.Text.Json;
using System.Text.RegularExpressions;
using static XTrace.Testbed.Frames;

namespace XTrace.Exporter.Tests;

/// <summary>Dashboards and alert rules ask for what there is.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed partial class PromqlTests : IDisposable
{
    /// <summary>Every counter that the dashboards and rules are about: mlx5 has them.</summary>
    private static readonly string[] s_port =
    [
        "port_rcv_data", "port_xmit_data", "port_rcv_packets", "port_xmit_packets", "port_xmit_wait", "port_xmit_discards",
        "port_rcv_errors", "symbol_error", "link_error_recovery", "link_downed",
    ];

    private static readonly string[] s_hardware =
    [
        "np_cnp_sent", "rp_cnp_handled", "np_ecn_marked_roce_packets", "out_of_sequence", "packet_seq_err", "local_ack_timeout_err",
        "out_of_buffer", "rnr_nak_retry_err", "req_cqe_error", "resp_cqe_error", "a_counter_of_tomorrow",
    ];

    private readonly VethPair _pair = ExporterPair.Create();
    private readonly SysfsTree _tree = new();
    private readonly Web _web;

    public PromqlTests() => _web = new Web(_pair);

    public void Dispose()
    {
        _web.Dispose();
        _tree.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public void Every_query_of_dashboards_and_rules_returns_data()
    {
        string port = _tree.AddPort(_tree.AddDevice("mlx5_0", "mlx5_core"));
        WriteCounters(port, 0);
        _pair.AddAddresses();
        using VictoriaMetrics victoria = new(_pair);
        using Child exporter = MetricsProcess.Start(
            _pair, _web, $"--direction both --remote-write {VictoriaMetrics.Url}/api/v1/write", $"XTRACE_SYSFS_ROOT={_tree.Root}");
        using Prometheus prometheus = new(_pair, "127.0.0.1:9430");
        // Two minutes are what a range of one minute needs to be full, with room for a slow machine.
        for (int second = 0; second < 20; second++)
        {
            _pair.Send(Udp4("10.7.7.2", 1000, "10.7.7.1", 2000, 100), 10);
            _pair.Run(() => Command.Run("ping", "-c", "1", "-W", "1", VethPair.PeerAddress));
            WriteCounters(port, 100 * second);
            Thread.Sleep(500);
        }
        string[] queries = [.. DashboardQueries(), .. RuleQueries()];
        Assert.InRange(queries.Length, 50, 200);
        string[] empty = [.. queries.Where(query => !HasData(query))];
        Assert.Empty(empty);
        exporter.Stop();
    }

    [Fact]
    public void Alert_rules_fire_where_they_should()
    {
        string folder = Repository.PathOf("deploy/prometheus");
        Command.Run("promtool", "check", "rules", Path.Combine(folder, "xtrace.rules.yml"));
        Command.Run("promtool", "test", "rules", Path.Combine(folder, "xtrace.test.yml"));
        string tested = File.ReadAllText(Path.Combine(folder, "xtrace.test.yml"));
        string rules = File.ReadAllText(Path.Combine(folder, "xtrace.rules.yml"));
        string[] alerts = [.. Alert().Matches(rules).Select(match => match.Groups[1].Value)];
        Assert.InRange(alerts.Length, 10, 100);
        Assert.All(alerts, alert => Assert.Contains($"- alertname: {alert}\n", tested, StringComparison.Ordinal));
    }

    private bool HasData(string query)
    {
        bool found = false;
        for (int attempt = 0; attempt < 10 && !found; attempt++)
        {
            found = _web.Query(Prometheus.Url, query).Length > 0;
            Thread.Sleep(found ? 0 : 1000);
        }
        return found;
    }

    private void WriteCounters(string port, int value)
    {
        _tree.AddCounters($"{port}/counters", s_port, $"{value}");
        _tree.AddCounters($"{port}/hw_counters", s_hardware, $"{value}");
    }

    /// <summary>The queries of all panels, with values for their variables.</summary>
    private static IEnumerable<string> DashboardQueries() =>
        from file in Directory.GetFiles(Repository.PathOf("deploy/grafana"), "*.json")
        from panel in JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("panels").EnumerateArray()
        where panel.TryGetProperty("targets", out _)
        from target in panel.GetProperty("targets").EnumerateArray()
        select Variable().Replace(
            target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "1m", StringComparison.Ordinal)
                .Replace("$__range", "1m", StringComparison.Ordinal),
            ".*");

    /// <summary>The rules' expressions without what they compare with: a machine that is well has no alerts.</summary>
    private static IEnumerable<string> RuleQueries() =>
        from match in Expression().Matches(File.ReadAllText(Repository.PathOf("deploy/prometheus/xtrace.rules.yml")))
        let text = match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value
        select Comparison().Replace(text.ReplaceLineEndings(" "), " ");

    [GeneratedRegex("""\$[a-z]+""")]
    private static partial Regex Variable();

    [GeneratedRegex("""(?m)^        expr: (?:>-\n((?:          .*\n)+)|(.*))""")]
    private static partial Regex Expression();

    [GeneratedRegex("""\s(?:>|==|!=) [0-9.]+""")]
    private static partial Regex Comparison();

    [GeneratedRegex("- alert: (.*)")]
    private static partial Regex Alert();
}
