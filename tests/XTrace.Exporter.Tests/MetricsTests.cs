using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using static XTrace.Testbed.Frames;

namespace XTrace.Exporter.Tests;

/// <summary>What a scrape gives: exact sums, few series, both formats.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class MetricsTests : IDisposable
{
    private readonly VethPair _pair = ExporterPair.Create();
    private readonly SysfsTree _tree = new();
    private readonly Web _web;

    public MetricsTests() => _web = new Web(_pair);

    public void Dispose()
    {
        _web.Dispose();
        _tree.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public void Sums_over_labels_are_what_the_interface_counted_and_promtool_has_no_complaint()
    {
        using Child exporter = Start("--top 5 --direction both");
        // The greatest first: whenever a sample is taken, they are the five that get names.
        byte[][] frames = [.. Enumerable.Range(0, 40).Reverse().Select(i => Udp4("10.0.0.1", 1000 + i, "10.0.0.2", 53, 10 * i))];
        _pair.Send(frames.SelectMany(frame => Enumerable.Repeat(frame, 3)));
        _web.ScrapeUntil(page => page.Series("xtrace_network_packets_total", "src_port=").Length == 5, "five flows with a name");
        _pair.Send(frames.SelectMany(frame => Enumerable.Repeat(frame, 2)));
        _pair.Send(Truncate(Udp4("10.0.0.1", 1, "10.0.0.2", 2), 30), 7);
        (long packets, long bytes) = _pair.Received();
        MetricPage page = _web.ScrapeUntil(page => page.Sum("xtrace_interface_packets_total", "ingress") == packets, "all frames");
        Assert.Equal((207, bytes), (packets, (long)page.Sum("xtrace_interface_bytes_total", "ingress")));
        Assert.Equal((packets, bytes), ((long)page.Accounted("packets", "ingress"), (long)page.Accounted("bytes", "ingress")));
        Assert.Equal((7, 0), (page.Sum("xtrace_interface_ignored_packets_total"), page.Sum("xtrace_interface_missed_packets_total")));
        (string Labels, double Value)[] flows = page.Series("xtrace_network_packets_total", "ingress");
        Assert.Equal(6, flows.Length);
        Assert.All(flows[..5], flow => Assert.Equal(2, flow.Value));
        const string Labels = "src_ip=\"10.0.0.1\",dst_ip=\"10.0.0.2\",traffic_type=\"UDP\",protocol=\"17\",src_port=\"1039\"";
        Assert.Contains(flows, flow => flow.Labels.Contains(Labels, StringComparison.Ordinal));
        Assert.Contains(("src_ip=\"other\",dst_ip=\"other\"", 190), flows.Select(flow => (flow.Labels[^29..], flow.Value)));
        AssertLint(_web.Get($"{MetricsProcess.Url}/metrics"));
        exporter.Stop();
    }

    [Fact]
    public void Rdma_counters_have_the_names_of_node_exporter_and_the_rest_one_scheme()
    {
        string device = _tree.AddDevice("mlx5_0", "mlx5_core");
        string port = _tree.AddPort(device);
        _tree.Write($"{port}/counters/port_xmit_data", "1000");
        _tree.Write($"{port}/counters/VL15_dropped", "3");
        _tree.Write($"{port}/counters/port_rcv_errors", "N/A (no PMA)");
        _tree.Write($"{port}/hw_counters/out_of_buffer", "4");
        _tree.Write($"{port}/hw_counters/a_counter_of_tomorrow", "5");
        _tree.Write($"{port}/hw_counters/lifespan", "10");
        using Child exporter = Start("");
        MetricPage page = new(_web.Get($"{MetricsProcess.Url}/metrics"));
        const string Port = "device=\"mlx5_0\",port=\"1\"";
        Assert.Equal([(Port, 4000)], page.Series("node_infiniband_port_data_transmitted_bytes_total"));
        Assert.Equal([(Port, 3)], page.Series("node_infiniband_vl15_dropped_total"));
        Assert.Equal([(Port, 4)], page.Series("node_infiniband_out_of_buffer_drops_total"));
        Assert.Equal([(Port, 4)], page.Series("node_infiniband_state_id"));
        Assert.Equal([(Port, 5)], page.Series("node_infiniband_physical_state_id"));
        Assert.Equal([(Port, 12.5e9)], page.Series("node_infiniband_rate_bytes_per_second"));
        Assert.Equal(
            [($"{Port},counter=\"a_counter_of_tomorrow\",source=\"hw_counters\",category=\"other\"", 5)],
            page.Series("xtrace_rdma_unknown_total"));
        Assert.Empty(page.Series("node_infiniband_port_errors_received_total"));
        AssertLint(_web.Get($"{MetricsProcess.Url}/metrics"));
        exporter.Stop();
    }

    [Fact]
    public void Accept_chooses_the_format_and_health_is_told()
    {
        using Child exporter = Start("");
        const string Url = $"{MetricsProcess.Url}/metrics";
        using HttpResponseMessage plain = _web.Ask(HttpMethod.Get, Url);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", $"{plain.Content.Headers.ContentType}");
        // What Prometheus 2.42 sends.
        const string Accepted = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
            + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        using HttpResponseMessage open = _web.Ask(HttpMethod.Get, Url, $"Accept: {Accepted}");
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", $"{open.Content.Headers.ContentType}");
        string text = new StreamReader(open.Content.ReadAsStream()).ReadToEnd();
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        Assert.Contains("\n# TYPE xtrace_interface_bytes counter\nxtrace_interface_bytes_total{", text, StringComparison.Ordinal);
        using HttpResponseMessage gzip = _web.Ask(HttpMethod.Get, Url, "Accept-Encoding: gzip");
        Assert.Equal(["gzip"], gzip.Content.Headers.ContentEncoding);
        (HttpMethod, string, HttpStatusCode)[] answers =
        [
            (HttpMethod.Get, "/healthz", HttpStatusCode.OK),
            (HttpMethod.Head, "/metrics", HttpStatusCode.OK),
            (HttpMethod.Get, "/metric", HttpStatusCode.NotFound),
            (HttpMethod.Post, "/metrics", HttpStatusCode.MethodNotAllowed),
        ];
        foreach ((HttpMethod method, string path, HttpStatusCode status) in answers)
        {
            using HttpResponseMessage answer = _web.Ask(method, $"{MetricsProcess.Url}{path}");
            Assert.Equal((path, status), (path, answer.StatusCode));
        }
        exporter.Signal("STOP");
        exporter.Signal("CONT");
        exporter.Stop();
    }

    [Theory]
    [InlineData("--metrics 9430", "give an address and a port")]
    [InlineData("--metrics ::1", "give an address and a port")]
    [InlineData("--metrics :9430 --queue-pairs many", "--queue-pairs cannot be 'many': give a number from 0 to 1000")]
    [InlineData("--remote-write prometheus:9090", "give a URL")]
    [InlineData("--remote-write http://a:b@server/", "which others can see")]
    [InlineData("--remote-write http://server/ --label 1a=b", "is no label")]
    [InlineData("--remote-write http://server/ --remote-write-auth /nowhere", "Credentials cannot be read")]
    public void What_is_wrong_is_told_with_what_to_do(string arguments, string told)
    {
        using Child exporter = new(_pair, Repository.PathOf("out/xtrace-exporter"), [.. arguments.Split(' '), "-i", _pair.Interface]);
        Assert.Equal(2, exporter.End());
        Assert.Contains(told, string.Join('\n', exporter.Lines), StringComparison.Ordinal);
    }

    /// <summary>The options are right, and may work a moment later: this is no wrong usage.</summary>
    [Fact]
    public void A_port_that_is_taken_is_told_with_exit_code_1()
    {
        using TcpListener taken = _pair.Run(() => new TcpListener(IPAddress.Loopback, 9430));
        _pair.Run(() => taken.Start());
        using Child exporter = new(_pair, Repository.PathOf("out/xtrace-exporter"), "-i", _pair.Interface, "--metrics", "127.0.0.1:9430");
        Assert.Equal(1, exporter.End());
        Assert.Contains("Cannot listen on 127.0.0.1:9430", string.Join('\n', exporter.Lines), StringComparison.Ordinal);
        Assert.Contains("Choose another address or port", string.Join('\n', exporter.Lines), StringComparison.Ordinal);
    }

    private Child Start(string arguments) => MetricsProcess.Start(_pair, _web, arguments, $"XTRACE_SYSFS_ROOT={_tree.Root}");

    private static void AssertLint(string text)
    {
        ProcessStartInfo start = new("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process promtool = Process.Start(start)!;
        promtool.StandardInput.Write(text);
        promtool.StandardInput.Close();
        string said = promtool.StandardOutput.ReadToEnd() + promtool.StandardError.ReadToEnd();
        promtool.WaitForExit();
        Assert.Equal(("", 0), (said, promtool.ExitCode));
    }
}
