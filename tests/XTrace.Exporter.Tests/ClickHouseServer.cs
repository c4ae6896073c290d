using System.Diagnostics;
using System.Text.RegularExpressions;

namespace XTrace.Exporter.Tests;

/// <summary>Debian's ClickHouse, 18.16, with the table of deploy/clickhouse as far as it knows such types.</summary>
internal sealed partial class ClickHouseServer : IDisposable
{
    internal const string Url = "http://127.0.0.1:8123";

    private readonly EngineFolder _folder = new();
    private readonly VethPair _pair;
    private readonly Web _web;
    private readonly string _config;
    private Child? _server;

    internal ClickHouseServer(VethPair pair, Web web)
    {
        (_pair, _web) = (pair, web);
        const string Rights = "<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>";
        _folder.Write("users.xml", $"""
            <yandex>
              <profiles><default/></profiles>
              <quotas><default/></quotas>
              <users>
                <default><password></password>{Rights}</default>
                <xtrace><password>s3cret</password>{Rights}</xtrace>
              </users>
            </yandex>
            """);
        _config = _folder.Write("config.xml", $"""
            <yandex>
              <logger><level>warning</level><console>1</console></logger>
              <http_port>8123</http_port>
              <tcp_port>9000</tcp_port>
              <listen_host>127.0.0.1</listen_host>
              <path>{_folder.Path}/data/</path>
              <tmp_path>{_folder.Path}/tmp/</tmp_path>
              <users_config>{_folder.Path}/users.xml</users_config>
              <default_profile>default</default_profile>
              <default_database>default</default_database>
              <mark_cache_size>5368709120</mark_cache_size>
            </yandex>
            """);
        Start();
        Run("xtrace.sql");
    }

    /// <summary>Adds the columns of processes and containers.</summary>
    internal void AddOwners() => Run("owners.sql");

    /// <summary>Starts it, and waits until it answers.</summary>
    internal void Start()
    {
        _server = new Child(_pair, "clickhouse-server", $"--config-file={_config}");
        Web.Until(() => Ask("SELECT 1") == "1", "ClickHouse");
    }

    /// <summary>CPU time that it has had.</summary>
    internal TimeSpan CpuTime
    {
        get
        {
            using Process process = Process.GetProcessById(_server!.Id);
            return process.TotalProcessorTime;
        }
    }

    internal void Stop()
    {
        _server!.Signal("TERM");
        _server.End();
        _server.Dispose();
        _server = null;
    }

    /// <summary>What a query or a statement returns: columns with tabs between them.</summary>
    internal string Ask(string query) => _web.Post(Url, query).Trim();

    public void Dispose()
    {
        if (_server is not null)
        {
            Stop();
        }
        _folder.Dispose();
    }

    /// <summary>
    /// Runs a file's statements without what is younger than this server: codecs, TTLs, times with zones, tokens, columns that may be
    /// there, and the types Bool and IPv6.
    /// </summary>
    private void Run(string file)
    {
        string text = Comment().Replace(File.ReadAllText(Repository.PathOf($"deploy/clickhouse/{file}")), "");
        text = TooNew().Replace(text, "").Replace("Bool", "UInt8", StringComparison.Ordinal);
        text = text.Replace("IPv6", "FixedString(16)", StringComparison.Ordinal);
        text = Type().Replace(text, match => match.Groups[1].Value);
        foreach (string statement in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            Ask(statement);
        }
    }

    [GeneratedRegex("(?m)^ *--.*\n")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?m) CODEC\(.*\)(?=,|$)|^TTL .*$|^SETTINGS [^;]*|\('UTC'\)|(?<=COLUMN) IF NOT EXISTS")]
    private static partial Regex TooNew();

    [GeneratedRegex(@"LowCardinality\((\w+)\)")]
    private static partial Regex Type();
}
