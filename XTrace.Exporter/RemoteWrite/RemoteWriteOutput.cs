using System.IO.Compression;
using System.Net.Http.Headers;
using Snappier;
using XTrace.Exporter.Http;
using XTrace.Exporter.Metrics;

namespace XTrace.Exporter.RemoteWrite;

/// <summary>The output that pushes metrics.</summary>
/// <param name="Url">The address. One that ends as VictoriaMetrics' text import does gets text.</param>
/// <param name="Labels">Labels that every series is given, unless it has one of that name.</param>
/// <param name="Access">Who pushes, and over what.</param>
/// <param name="Buffer">Bytes that may wait.</param>
internal sealed record RemoteWriteOptions(Uri Url, IReadOnlyList<Label> Labels, HttpAccess Access, long Buffer)
{
    /// <summary>The end of the address where VictoriaMetrics takes text.</summary>
    internal const string TextImport = "/api/v1/import/prometheus";

    internal bool IsText => Url.AbsolutePath.EndsWith(TextImport, StringComparison.Ordinal);
}

/// <summary>
/// Pushes the metrics of every sample to Prometheus or VictoriaMetrics: protobuf with snappy as remote write 1.0 has it, or text.
/// A series that ends is marked as ended, so that queries do not go on with its last value.
/// </summary>
internal sealed class RemoteWriteOutput : IFlowOutput
{
    private readonly RemoteWriteOptions _options;
    private readonly MetricCollector _collector;
    private readonly Courier _courier;
    private Dictionary<string, Label[]> _sent = [];

    internal RemoteWriteOutput(RemoteWriteOptions options, MetricCollector collector)
    {
        (_options, _collector) = (options, collector);
        _courier = new Courier(Name, options.Buffer, new HttpDelivery(options.Url, options.Access, Ask));
    }

    public string Name => $"remote-write {_options.Url.GetLeftPart(UriPartial.Path)}";

    public OutputHealth? Health => _courier.Health;

    public bool NeedsRdma => true;

    public void Start()
    {
        _options.Access.Load(_options.Url);
        _courier.Start();
    }

    public void Take(ExportSample sample)
    {
        MetricSnapshot snapshot = _collector.Take(sample);
        MetricFamily[] families = [.. snapshot.Families];
        byte[] content = _options.IsText ? Text(families, snapshot.Time) : Protobuf(families, snapshot.Time);
        ulong series = (ulong)families.Sum(family => family.Series.Count);
        _courier.Add(new Parcel(content, 1, new RecordCount(series, default)));
    }

    public void Finish(TimeSpan patience) => _courier.Finish(patience);

    public void Dispose() => _courier.Dispose();

    private HttpRequestMessage Ask(Parcel parcel)
    {
        ReadOnlyMemoryContent content = new(parcel.Content);
        HttpRequestMessage request = new(HttpMethod.Post, _options.Url) { Content = content };
        if (_options.IsText)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
            content.Headers.ContentEncoding.Add("gzip");
        }
        else
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
            content.Headers.ContentEncoding.Add("snappy");
            request.Headers.Add("X-Prometheus-Remote-Write-Version", "0.1.0");
        }
        return request;
    }

    private byte[] Text(MetricFamily[] families, DateTime time)
    {
        using MemoryStream content = new();
        using (GZipStream gzip = new(content, CompressionLevel.Fastest))
        using (StreamWriter writer = new(gzip))
        {
            MetricText.WriteSeries(families, _options.Labels, time, writer);
        }
        return content.ToArray();
    }

    private byte[] Protobuf(MetricFamily[] families, DateTime time)
    {
        WriteRequest request = new(time);
        Dictionary<string, Label[]> sent = [];
        foreach (MetricFamily family in families)
        {
            foreach (Series series in family.Series)
            {
                Label[] labels = LabelsOf(family.Name, series.Labels);
                sent[string.Join('\n', labels)] = labels;
                request.Add(labels, BitConverter.DoubleToUInt64Bits(series.Value));
            }
        }
        foreach ((string key, Label[] labels) in _sent)
        {
            if (!sent.ContainsKey(key))
            {
                request.Add(labels, WriteRequest.Stale);
            }
        }
        _sent = sent;
        return Snappy.CompressToArray(request.Content);
    }

    /// <summary>All labels of a series, by name, as the protocol demands.</summary>
    private Label[] LabelsOf(string name, Label[] labels)
    {
        Label[] all =
        [
            new("__name__", name),
            .. new Series(labels, 0).With(_options.Labels),
        ];
        Array.Sort(all, (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return all;
    }
}
