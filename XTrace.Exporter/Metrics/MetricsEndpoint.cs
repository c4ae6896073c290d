using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace XTrace.Exporter.Metrics;

/// <summary>Metrics for those who come and ask: <c>/metrics</c> for Prometheus, <c>/healthz</c> for those who start and stop it.</summary>
/// <param name="address">Where to listen.</param>
/// <param name="collector">Has the metrics.</param>
/// <param name="interval">How often there is a sample.</param>
internal sealed class MetricsEndpoint(IPEndPoint address, MetricCollector collector, TimeSpan interval) : IFlowOutput
{
    /// <summary>A sample may be late by so much on a busy machine.</summary>
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(10);

    private readonly long _started = Stopwatch.GetTimestamp();
    private HttpServer? _server;

    public string Name => $"metrics http://{address}";

    public OutputHealth? Health => null;

    public bool NeedsRdma => true;

    public void Start()
    {
        try
        {
            _server = new HttpServer(address, Answer);
            _server.Start();
        }
        catch (SocketException error)
        {
            throw new XTraceException(
                "CannotListen", XTraceErrorKind.ResourceBusy,
                MetricMessages.CannotListen($"{address}", error.Message), $"{address}", error);
        }
    }

    public void Take(ExportSample sample) => collector.Take(sample);

    public void Finish(TimeSpan patience)
    {
    }

    public void Dispose() => _server?.Dispose();

    private HttpAnswer Answer(HttpRequest request) => request.Path switch
    {
        "/metrics" => Metrics(request),
        "/healthz" => Healthz(),
        _ => HttpServer.Plain(HttpStatusCode.NotFound, "/metrics, /healthz"),
    };

    private HttpAnswer Metrics(HttpRequest request)
    {
        if (collector.Last is not { } snapshot)
        {
            return HttpServer.Plain(HttpStatusCode.ServiceUnavailable, "There is no sample yet.");
        }
        bool isOpenMetrics = PrefersOpenMetrics(request.Headers.GetValueOrDefault("accept"));
        bool isGzip = request.Headers.GetValueOrDefault("accept-encoding")?.Contains("gzip", StringComparison.Ordinal) == true;
        using MemoryStream content = new();
        using (Stream stream = isGzip ? new GZipStream(content, CompressionLevel.Fastest, leaveOpen: true) : Stream.Synchronized(content))
        using (StreamWriter writer = new(stream, leaveOpen: true))
        {
            MetricText.Write(snapshot.Families, writer, isOpenMetrics);
        }
        string type = isOpenMetrics ? MetricText.OpenMetricsType : MetricText.PlainType;
        return new HttpAnswer(HttpStatusCode.OK, type, content.ToArray(), isGzip);
    }

    private HttpAnswer Healthz()
    {
        TimeSpan age = Stopwatch.GetElapsedTime(collector.Last?.Taken ?? _started);
        return age < (3 * interval) + s_delay
            ? HttpServer.Plain(HttpStatusCode.OK)
            : HttpServer.Plain(HttpStatusCode.ServiceUnavailable, $"The last sample was taken {age.TotalSeconds:0} s ago.");
    }

    /// <summary>Whether OpenMetrics is asked for, and not less than plain text.</summary>
    private static bool PrefersOpenMetrics(string? accept)
    {
        double open = 0, plain = 0;
        foreach (string part in accept?.Split(',') ?? [])
        {
            if (MediaTypeWithQualityHeaderValue.TryParse(part, out MediaTypeWithQualityHeaderValue? type))
            {
                double quality = type.Quality ?? 1;
                open = type.MediaType == "application/openmetrics-text" ? Math.Max(open, quality) : open;
                plain = type.MediaType == "text/plain" ? Math.Max(plain, quality) : plain;
            }
        }
        return open > 0 && open >= plain;
    }
}
