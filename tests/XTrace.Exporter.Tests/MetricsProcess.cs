namespace XTrace.Exporter.Tests;

/// <summary>Starts an exporter with variables.</summary>
internal static class MetricsProcess
{
    internal const string Url = "http://127.0.0.1:9430";

    /// <summary>Starts it on the pair's interface, and waits until it has taken a sample.</summary>
    internal static Child Start(VethPair pair, Web web, string arguments, params string[] variables)
    {
        string[] command =
        [
            .. variables, Repository.PathOf("out/xtrace-exporter"), "-i", pair.Interface, "--metrics", "127.0.0.1:9430", "-t", "500",
            .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ];
        Child exporter = new(pair, "env", command);
        Web.Until(() => web.Get($"{Url}/metrics").Length > 0, "a scrape");
        return exporter;
    }

    /// <summary>Scrapes until that holds.</summary>
    internal static MetricPage ScrapeUntil(this Web web, Func<MetricPage, bool> condition, string what)
    {
        MetricPage? page = null;
        Web.Until(() => condition(page = new MetricPage(web.Get($"{Url}/metrics"))), what);
        return page!;
    }

    /// <summary>Ends it as systemd does.</summary>
    internal static void Stop(this Child exporter)
    {
        exporter.Signal("TERM");
        Assert.True(exporter.End() == 0, string.Join('\n', exporter.Lines));
    }
}
