using System.CommandLine;
using System.Net;
using System.Text.RegularExpressions;
using XTrace.Exporter.Http;
using XTrace.Exporter.RemoteWrite;
using XTrace.Programs;

namespace XTrace.Exporter.Metrics;

/// <summary>The options of metrics, and the variables of the tool that XTrace succeeds.</summary>
internal sealed partial class MetricOptions
{
    private const string RemoteWriteName = "--remote-write";
    private const string LegacyEnabled = "VICTORIAMETRICS_ENABLED";
    private const string LegacyUrl = "VICTORIAMETRICS_REMOTE_WRITE";
    private const string LegacyDefaultUrl = $"http://localhost:8428{RemoteWriteOptions.TextImport}";
    private const string LegacyLabel = "COLLECT_AGG";
    private const int DefaultTop = 20;
    private const int MaxTop = 1000;

    private readonly Option<string> _metrics = new("--metrics") { HelpName = "[ADDRESS]:PORT", Description = MetricMessages.MetricsOption };
    private readonly Option<string> _top = new("--top") { HelpName = "N", Description = MetricMessages.TopOption };
    private readonly Option<string> _queuePairs = new("--queue-pairs") { HelpName = "N", Description = MetricMessages.QueuePairsOption };
    private readonly Option<string[]> _labels = new("--label") { HelpName = "NAME=VALUE[,...]", Description = MetricMessages.LabelOption };
    private readonly Option<string[]> _urls =
        new(RemoteWriteName) { HelpName = "URL[,URL...]", Description = MetricMessages.RemoteWriteOption };
    private readonly Option<string> _auth = new($"{RemoteWriteName}-auth") { HelpName = "FILE", Description = MetricMessages.AuthOption };

    /// <summary>All of them, in the order of the help.</summary>
    internal Option[] All => [_metrics, _top, _queuePairs, _urls, _auth, _labels];

    /// <summary>How many queue pairs of each port have a series of their own; null where none are to be read.</summary>
    internal int? QueuePairs(Arguments arguments) =>
        arguments.Text(_queuePairs) is null ? null : arguments.Number(_queuePairs, 0, 0, MaxTop);

    /// <summary>The outputs that are asked for.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="interval">How often there is a sample.</param>
    /// <param name="buffer">Bytes that each may let wait.</param>
    /// <param name="security">Whom they trust, over HTTPS.</param>
    /// <exception cref="XTraceException">A value is wrong.</exception>
    internal IEnumerable<IFlowOutput> Read(Arguments arguments, TimeSpan interval, long buffer, TlsOptions security)
    {
        MetricCollector collector = new(arguments.Number(_top, DefaultTop, 0, MaxTop), QueuePairs(arguments));
        if (arguments.Text(_metrics) is { } address)
        {
            yield return new MetricsEndpoint(ParseAddress(address), collector, interval);
        }
        Label[] labels = [.. ReadLabels(arguments)];
        HttpAccess access = new(new HttpCredentials(arguments.Text(_auth)), security);
        foreach (Uri url in ReadUrls(arguments))
        {
            yield return new RemoteWriteOutput(new RemoteWriteOptions(url, labels, access, buffer), collector);
        }
    }

    private static bool IsLegacyEnabled => Environment.GetEnvironmentVariable(LegacyEnabled) is "true" or "1";

    /// <summary>Variables that are empty are as good as none.</summary>
    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;

    private IEnumerable<Uri> ReadUrls(Arguments arguments)
    {
        foreach (string url in arguments.List(_urls, MetricMessages.NoUrl) ?? [])
        {
            yield return HttpUrl.Parse(RemoteWriteName, url);
        }
        if (IsLegacyEnabled)
        {
            yield return HttpUrl.Parse(LegacyUrl, Variable(LegacyUrl) ?? LegacyDefaultUrl, RemoteWriteName);
        }
    }

    /// <summary>As a scrape would, <c>job</c> and <c>instance</c> say who it is; labels that are given may say otherwise.</summary>
    private IEnumerable<Label> ReadLabels(Arguments arguments)
    {
        Dictionary<string, string> labels = new() { ["job"] = CommandLine.Name, ["instance"] = Environment.MachineName };
        if ((Variable(LegacyLabel) ?? (IsLegacyEnabled ? "default" : null)) is { } cluster)
        {
            labels["collect_agg"] = cluster;
        }
        foreach (string text in arguments.List(_labels, MetricMessages.NoLabel) ?? [])
        {
            string[] parts = text.Split('=', 2);
            if (parts.Length < 2 || !LabelName().IsMatch(parts[0]))
            {
                throw Arguments.Wrong(MetricMessages.WrongLabel(text));
            }
            labels[parts[0]] = parts[1];
        }
        return labels.Where(label => label.Value.Length > 0).Select(label => new Label(label.Key, label.Value));
    }

    /// <summary>An address with its port; without one, all addresses of both kinds.</summary>
    private static IPEndPoint ParseAddress(string text)
    {
        string full = text.StartsWith(':') ? $"[::]{text}" : text;
        return HasPort().IsMatch(full) && IPEndPoint.TryParse(full, out IPEndPoint? address)
            ? address
            : throw Arguments.Wrong(MetricMessages.WrongAddress(text));
    }

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]*$")]
    private static partial Regex LabelName();

    /// <summary>An IPv6 address without brackets would be read as one without a port.</summary>
    [GeneratedRegex(@"^(\[.+\]|[0-9.]+):[0-9]+$")]
    private static partial Regex HasPort();
}
