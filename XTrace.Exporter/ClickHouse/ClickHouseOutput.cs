using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using XTrace.Exporter.Http;
using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.ClickHouse;

/// <summary>The output that stores flow records in ClickHouse.</summary>
/// <param name="Url">The server. Settings in its query are handed on.</param>
/// <param name="Table">The table, with its database.</param>
/// <param name="Owners">Whether the table has columns for processes and containers.</param>
/// <param name="Access">Who inserts, and over what.</param>
/// <param name="Batch">How long rows are collected before they are inserted.</param>
/// <param name="Buffer">Bytes that may wait.</param>
internal sealed record ClickHouseOptions(Uri Url, string Table, bool Owners, HttpAccess Access, TimeSpan Batch, long Buffer);

/// <summary>
/// Flow records as rows of ClickHouse. A batch is one insert, which the server takes as a whole or not at all. It has a token that is
/// made of what it holds, so that the server stores it once, however often it is sent.
/// </summary>
internal sealed class ClickHouseOutput : IFlowOutput
{
    /// <summary>Rows of a batch at most: what a machine with 200,000 records a second inserts three times a second.</summary>
    internal const int LargestBatch = 65_536;

    private readonly ClickHouseOptions _options;
    private readonly ClickHouseDelivery _delivery;
    private readonly Courier _courier;
    private readonly ClickHouseRows _rows;
    private long _begun;

    internal ClickHouseOutput(ClickHouseOptions options)
    {
        _options = options;
        _rows = new ClickHouseRows(Environment.MachineName, options.Owners);
        _delivery = new ClickHouseDelivery(options);
        _courier = new Courier(Name, options.Buffer, _delivery);
    }

    public string Name => $"clickhouse {_options.Url.GetLeftPart(UriPartial.Path)} {_options.Table}";

    public OutputHealth? Health => _courier.Health;

    public bool NeedsRdma => false;

    public void Start()
    {
        _options.Access.Load(_options.Url);
        _courier.Start();
    }

    public void Add(ReadOnlySpan<FlowRecord> records, ClockCalibration clock)
    {
        foreach (ref readonly FlowRecord record in records)
        {
            if (_rows.Count.Flows == 0)
            {
                _begun = Stopwatch.GetTimestamp();
            }
            _rows.Add(in record, clock);
            if (_rows.Count.Flows == LargestBatch)
            {
                Flush();
            }
        }
    }

    public void Take(ExportSample sample)
    {
        if (_rows.Count.Flows > 0 && (sample.IsLast || Stopwatch.GetElapsedTime(_begun) >= _options.Batch))
        {
            Flush();
        }
    }

    public void Finish(TimeSpan patience) => _courier.Finish(patience);

    public void Dispose() => _courier.Dispose();

    private void Flush()
    {
        using MemoryStream content = new();
        using (GZipStream gzip = new(content, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(_rows.Content);
        }
        _courier.Add(new Parcel(content.ToArray(), (int)_rows.Count.Flows, _rows.Count));
        _rows.Clear();
    }
}

/// <summary>Hands batches to a server of ClickHouse.</summary>
internal sealed class ClickHouseDelivery(ClickHouseOptions options) : IDelivery
{
    private readonly HttpService _service = new(options.Url, options.Access);
    private bool? _knowsTokens;

    public void Deliver(in Parcel parcel)
    {
        _knowsTokens ??= AskForTokens();
        string query = Escape("query", $"INSERT INTO {options.Table} ({ClickHouseRows.Columns(options.Owners)}) FORMAT RowBinary");
        if (_knowsTokens == true)
        {
            string token = Convert.ToHexStringLower(SHA256.HashData(parcel.Content.Span));
            query += $"&insert_deduplication_token={token}&deduplicate_blocks_in_dependent_materialized_views=1";
        }
        ReadOnlyMemoryContent content = new(parcel.Content);
        content.Headers.ContentEncoding.Add("gzip");
        using HttpRequestMessage request = new(HttpMethod.Post, UrlWith(query)) { Content = content };
        _service.Send(request);
    }

    public IReadOnlyList<Parcel> TakeBack() => [];

    public void Close(TimeSpan patience) => Dispose();

    public void Dispose() => _service.Dispose();

    /// <summary>Whether the server can tell by a token that it has a batch already: old ones cannot.</summary>
    private bool AskForTokens()
    {
        using HttpRequestMessage request = new(
            HttpMethod.Get, UrlWith(Escape("query", "SELECT count() FROM system.settings WHERE name = 'insert_deduplication_token'")));
        return _service.Send(request).Trim() == "1";
    }

    /// <summary>The address with its own settings and more.</summary>
    private Uri UrlWith(string query) =>
        new UriBuilder(options.Url) { Query = $"{options.Url.Query.TrimStart('?')}&{query}".TrimStart('&') }.Uri;

    private static string Escape(string name, string value) => $"{name}={Uri.EscapeDataString(value)}";
}
