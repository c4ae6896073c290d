using System.CommandLine;
using System.Text.RegularExpressions;
using XTrace.Exporter.Http;
using XTrace.Programs;

namespace XTrace.Exporter.ClickHouse;

/// <summary>The options of ClickHouse.</summary>
internal sealed partial class ClickHouseArguments
{
    private const string Name = "--clickhouse";
    private const string DefaultTable = "xtrace.flows";
    private const int DefaultBatch = 10;
    private const int MaxBatch = 3600;

    private readonly Option<string[]> _urls = new(Name) { HelpName = "URL[,URL...]", Description = ClickHouseMessages.UrlOption };
    private readonly Option<string> _table = new($"{Name}-table") { HelpName = "NAME", Description = ClickHouseMessages.TableOption };
    private readonly Option<string> _auth = new($"{Name}-auth") { HelpName = "FILE", Description = ClickHouseMessages.AuthOption };
    private readonly Option<string> _batch = new($"{Name}-batch") { HelpName = "SECONDS", Description = ClickHouseMessages.BatchOption };

    /// <summary>All of them, in the order of the help.</summary>
    internal Option[] All => [_urls, _auth, _table, _batch];

    /// <summary>The outputs that are asked for.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="owners">Whether processes and containers are stored.</param>
    /// <param name="buffer">Bytes that each may let wait.</param>
    /// <param name="security">Whom they trust, over HTTPS.</param>
    /// <exception cref="XTraceException">A value is wrong.</exception>
    internal IEnumerable<IFlowOutput> Read(Arguments arguments, bool owners, long buffer, TlsOptions security)
    {
        string table = arguments.Text(_table) ?? DefaultTable;
        if (!TableName().IsMatch(table))
        {
            throw Arguments.Wrong(ClickHouseMessages.WrongTable(table));
        }
        HttpAccess access = new(new HttpCredentials(arguments.Text(_auth)), security);
        TimeSpan batch = TimeSpan.FromSeconds(arguments.Number(_batch, DefaultBatch, 1, MaxBatch));
        foreach (string url in arguments.List(_urls, ClickHouseMessages.NoUrl) ?? [])
        {
            yield return new ClickHouseOutput(new ClickHouseOptions(HttpUrl.Parse(Name, url), table, owners, access, batch, buffer));
        }
    }

    /// <summary>It becomes part of a query.</summary>
    [GeneratedRegex(@"^\w+(\.\w+)?$")]
    private static partial Regex TableName();
}
