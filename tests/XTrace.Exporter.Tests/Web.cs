using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace XTrace.Exporter.Tests;

/// <summary>Asks servers in the watched end's namespace.</summary>
internal sealed class Web : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly HttpClient _client;

    internal Web(VethPair pair) => _client = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (context, token) =>
        {
            // A socket belongs to the namespace that it was made in.
            Socket socket = pair.Run(() => new Socket(SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(context.DnsEndPoint, token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    public void Dispose() => _client.Dispose();

    /// <summary>Asks for something, with headers as <c>Name: value</c>.</summary>
    internal HttpResponseMessage Ask(HttpMethod method, string url, params string[] headers)
    {
        using HttpRequestMessage request = new(method, url);
        foreach (string[] header in headers.Select(header => header.Split(": ")))
        {
            request.Headers.TryAddWithoutValidation(header[0], header[1]);
        }
        return _client.Send(request);
    }

    internal string Get(string url, params string[] headers)
    {
        using HttpResponseMessage response = Ask(HttpMethod.Get, url, headers);
        string text = new StreamReader(response.Content.ReadAsStream()).ReadToEnd();
        return response.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{url}: {(int)response.StatusCode} {text}");
    }

    internal string Post(string url, string text)
    {
        using StringContent content = new(text);
        using HttpResponseMessage response = _client.Send(new HttpRequestMessage(HttpMethod.Post, url) { Content = content });
        string answer = new StreamReader(response.Content.ReadAsStream()).ReadToEnd();
        return response.IsSuccessStatusCode ? answer : throw new InvalidOperationException($"{url}: {(int)response.StatusCode} {answer}");
    }

    /// <summary>What PromQL says now: the labels and the value of each series.</summary>
    internal (JsonElement Labels, double Value)[] Query(string server, string query, params string[] headers)
    {
        string text = Get($"{server}/api/v1/query?query={Uri.EscapeDataString(query)}", headers);
        JsonElement data = JsonDocument.Parse(text).RootElement.GetProperty("data");
        return
        [
            .. from series in data.GetProperty("result").EnumerateArray()
               let value = series.GetProperty("value")[1].GetString()!
               select (series.GetProperty("metric"), double.Parse(value, System.Globalization.CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>Waits until something is so.</summary>
    internal static void Until(Func<bool> condition, string what)
    {
        DateTime end = DateTime.UtcNow + s_patience;
        while (!Holds(condition))
        {
            Assert.True(DateTime.UtcNow < end, $"Not in time: {what}");
            Thread.Sleep(200);
        }
    }

    private static bool Holds(Func<bool> condition)
    {
        try
        {
            return condition();
        }
        catch (Exception error) when (error is HttpRequestException or InvalidOperationException)
        {
            return false; // It does not answer yet.
        }
    }
}
