using System.Text.Json;
using static XTrace.Testbed.Frames;

namespace XTrace.Exporter.Tests;

/// <summary>Prometheus and VictoriaMetrics take what is pushed, and have the same sums.</summary>
[Trait("Category", "Privileged")]
[Trait("Category", "Slow")]
public sealed class RemoteWriteTests : IDisposable
{
    private const string Accounted =
        "sum(xtrace_network_packets_total) + sum(xtrace_network_retired_packets_total)"
        + " + sum(xtrace_interface_ignored_packets_total) + sum(xtrace_interface_missed_packets_total)";

    private readonly VethPair _pair = ExporterPair.Create();
    private readonly EngineFolder _folder = new();
    private readonly Web _web;

    public RemoteWriteTests() => _web = new Web(_pair);

    public void Dispose()
    {
        _web.Dispose();
        _folder.Dispose();
        _pair.Dispose();
    }

    [Fact]
    public void Prometheus_and_VictoriaMetrics_have_the_sums_that_the_interface_has()
    {
        using Prometheus prometheus = new(_pair, target: null);
        using VictoriaMetrics victoria = new(_pair);
        using Child exporter = MetricsProcess.Start(
            _pair, _web, $"--top 3 --label rack=a1 --remote-write {Prometheus.Url}/api/v1/write,{VictoriaMetrics.Url}/api/v1/write");
        _pair.SendFlows(500);
        (long packets, long bytes) = _pair.Received();
        foreach (string server in new[] { Prometheus.Url, VictoriaMetrics.Url })
        {
            Web.Until(() => Value(server, "sum(xtrace_interface_packets_total)") == packets, $"all frames in {server}");
            Assert.Equal(bytes, Value(server, "sum(xtrace_interface_bytes_total)"));
            Assert.Equal(packets, Value(server, Accounted));
            JsonElement labels = Assert.Single(_web.Query(server, "xtrace_interface_packets_total")).Labels;
            Assert.Equal(
                ("xtrace-exporter", Environment.MachineName, "a1", "ingress"),
                (Text(labels, "job"), Text(labels, "instance"), Text(labels, "rack"), Text(labels, "direction")));
        }
        exporter.Stop();
    }

    [Fact]
    public void Series_of_an_interface_that_is_gone_end_at_once()
    {
        using Prometheus prometheus = new(_pair, target: null);
        using Child exporter = MetricsProcess.Start(_pair, _web, $"--remote-write {Prometheus.Url}/api/v1/write");
        Web.Until(() => Value(Prometheus.Url, "sum(xtrace_interface_packets_total)") == 0, "the interface");
        _pair.Run(() => Command.Run("ip", "link", "del", _pair.Interface));
        // Without the mark of the end, Prometheus would show the last value for five minutes.
        Web.Until(() => _web.Query(Prometheus.Url, "xtrace_interface_packets_total").Length == 0, "the end");
        Assert.Single(_web.Query(Prometheus.Url, "xtrace_exporter_samples_total"));
        exporter.Stop();
    }

    [Fact]
    public void A_server_that_was_away_gets_every_sample()
    {
        using VictoriaMetrics victoria = new(_pair);
        using Child exporter = MetricsProcess.Start(_pair, _web, $"--remote-write {VictoriaMetrics.Url}/api/v1/write");
        Web.Until(() => Value(VictoriaMetrics.Url, "xtrace_exporter_samples_total") > 0, "the first samples");
        victoria.Stop();
        exporter.WaitFor("cannot send");
        Thread.Sleep(3000);
        victoria.Start();
        exporter.WaitFor("sending works again");
        double last = Value(VictoriaMetrics.Url, "xtrace_exporter_samples_total");
        Web.Until(() => Value(VictoriaMetrics.Url, "xtrace_exporter_samples_total") > last + 2, "later samples");
        double[] samples = [.. Stored("xtrace_exporter_samples_total")];
        Assert.Equal(Enumerable.Range((int)samples[0], samples.Length).Select(number => (double)number), samples);
        Assert.InRange(samples[0], 1, 3);
        exporter.Stop();
    }

    [Fact]
    public void The_variables_of_before_push_text()
    {
        using VictoriaMetrics victoria = new(_pair);
        using Child exporter = MetricsProcess.Start(
            _pair, _web, "", "VICTORIAMETRICS_ENABLED=true", $"VICTORIAMETRICS_REMOTE_WRITE={VictoriaMetrics.Url}/api/v1/import/prometheus",
            "COLLECT_AGG=cluster-01");
        _pair.Send(Tcp4("10.0.0.1", 1, "10.0.0.2", 443), 11);
        (long packets, _) = _pair.Received();
        Web.Until(
            () => Value(VictoriaMetrics.Url, $"sum(xtrace_interface_packets_total{{collect_agg=\"cluster-01\"}})") == packets,
            "all frames");
        Assert.Equal(packets, Value(VictoriaMetrics.Url, Accounted));
        exporter.Stop();
    }

    [Fact]
    public void Basic_authentication_takes_its_password_from_a_file()
    {
        string password = _folder.Write("password", "xtrace:s3cret\n");
        using VictoriaMetrics victoria = new(_pair, "-httpAuth.username=xtrace", "-httpAuth.password=s3cret");
        using Child exporter = MetricsProcess.Start(
            _pair, _web, $"--remote-write {VictoriaMetrics.Url}/api/v1/write --remote-write-auth {password}");
        string header = $"Authorization: Basic {Convert.ToBase64String("xtrace:s3cret"u8)}";
        Web.Until(() => _web.Query(VictoriaMetrics.Url, "xtrace_exporter_samples_total", header).Length == 1, "a sample");
        exporter.Stop();
    }

    [Fact]
    public void A_bearer_token_is_read_again_when_it_is_renewed()
    {
        string token = _folder.Write("token", "old\n");
        string users = _folder.Write("auth.yml", $"users:\n  - bearer_token: new\n    url_prefix: {VictoriaMetrics.Url}\n");
        using VictoriaMetrics victoria = new(_pair);
        using Child proxy = new(_pair, "vmauth", $"-auth.config={users}", "-httpListenAddr=127.0.0.1:8427");
        using Child exporter = MetricsProcess.Start(
            _pair, _web, $"--remote-write http://127.0.0.1:8427/api/v1/write --remote-write-auth {token}");
        // vmauth says 400 to a token that it does not know, and repeats it.
        string said = exporter.WaitFor("refuses");
        Assert.Contains("400 Bad Request", said, StringComparison.Ordinal);
        Assert.DoesNotContain("old", said, StringComparison.Ordinal);
        File.WriteAllText(token, "new\n");
        Web.Until(() => _web.Query(VictoriaMetrics.Url, "xtrace_exporter_samples_total").Length == 1, "a sample");
        exporter.Stop();
    }

    /// <summary>All values of a series that VictoriaMetrics has.</summary>
    private IEnumerable<double> Stored(string name)
    {
        string text = _web.Get($"{VictoriaMetrics.Url}/api/v1/export?match[]={name}");
        return JsonDocument.Parse(text).RootElement.GetProperty("values").EnumerateArray().Select(value => value.GetDouble());
    }

    /// <summary>The value of the only series; not a number while there is none.</summary>
    private double Value(string server, string query) =>
        _web.Query(server, query) is [var series] ? series.Value : double.NaN;

    private static string? Text(JsonElement labels, string name) => labels.GetProperty(name).GetString();
}
