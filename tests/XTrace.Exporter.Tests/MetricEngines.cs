namespace XTrace.Exporter.Tests;

/// <summary>A folder for what an engine stores; gone when disposed.</summary>
internal sealed class EngineFolder : IDisposable
{
    internal EngineFolder() => Path = Directory.CreateTempSubdirectory("xtrace-engine-").FullName;

    internal string Path { get; }

    internal string Write(string name, string text)
    {
        string file = System.IO.Path.Combine(Path, name);
        File.WriteAllText(file, text);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Debian's Prometheus. It takes remote write, and scrapes what it is told to.</summary>
internal sealed class Prometheus : IDisposable
{
    internal const string Url = "http://127.0.0.1:9090";

    private readonly EngineFolder _folder = new();
    private readonly Child _server;

    /// <param name="pair">Where it runs.</param>
    /// <param name="target">What it scrapes each second; null for nothing.</param>
    internal Prometheus(VethPair pair, string? target)
    {
        string scrape = target is null ? "" : $"""
            scrape_configs:
              - job_name: xtrace-exporter
                scrape_interval: 1s
                static_configs:
                  - targets: ['{target}']
            """;
        string config = _folder.Write("prometheus.yml", $"global: {{}}\n{scrape}\n");
        _server = new Child(
            pair, "prometheus", $"--config.file={config}", $"--storage.tsdb.path={_folder.Path}/data",
            "--web.listen-address=127.0.0.1:9090", "--web.enable-remote-write-receiver", "--log.level=warn");
    }

    public void Dispose()
    {
        _server.Signal("TERM");
        _server.End();
        _server.Dispose();
        _folder.Dispose();
    }
}

/// <summary>Debian's VictoriaMetrics.</summary>
internal sealed class VictoriaMetrics : IDisposable
{
    internal const string Url = "http://127.0.0.1:8428";

    private readonly EngineFolder _folder = new();
    private readonly VethPair _pair;
    private readonly string[] _arguments;
    private Child? _server;

    internal VictoriaMetrics(VethPair pair, params string[] arguments)
    {
        (_pair, _arguments) = (pair, arguments);
        Start();
    }

    internal void Start() => _server = new Child(
        _pair, "victoria-metrics",
        [
            $"-storageDataPath={_folder.Path}", "-httpListenAddr=127.0.0.1:8428", "-search.latencyOffset=0s", "-loggerLevel=ERROR",
            .. _arguments,
        ]);

    internal void Stop()
    {
        _server!.Signal("INT");
        _server.End();
        _server.Dispose();
        _server = null;
    }

    public void Dispose()
    {
        if (_server is not null)
        {
            Stop();
        }
        _folder.Dispose();
    }
}
