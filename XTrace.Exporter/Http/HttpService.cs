using System.Net;

namespace XTrace.Exporter.Http;

/// <summary>A server that is asked over HTTP or HTTPS, by one thread.</summary>
/// <param name="url">The server.</param>
/// <param name="access">Who asks, and over what.</param>
internal sealed class HttpService(Uri url, HttpAccess access) : IDisposable
{
    private const int LongestReason = 300;

    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private HttpClient? _client;

    /// <summary>Asks, and waits for the answer.</summary>
    /// <exception cref="IOException">It failed, and may be tried again.</exception>
    /// <exception cref="ParcelRefusedException">The server will never take it.</exception>
    internal string Send(HttpRequestMessage request)
    {
        access.Credentials.AddTo(request);
        request.Headers.UserAgent.ParseAdd(CommandLine.Name);
        _client ??= Connect();
        try
        {
            using HttpResponseMessage response = _client.Send(request);
            using StreamReader reader = new(response.Content.ReadAsStream());
            string answer = reader.ReadToEnd();
            return response.IsSuccessStatusCode ? answer : throw Failure(response, WithoutSecret(answer, request));
        }
        catch (HttpRequestException error)
        {
            throw new IOException((error.InnerException ?? error).Message, error);
        }
        catch (Exception error) when (error is TaskCanceledException or ObjectDisposedException)
        {
            throw new IOException(HttpMessages.NoAnswer, error);
        }
    }

    public void Dispose() => _client?.Dispose();

    private HttpClient Connect() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ConnectTimeout = s_connect,
        // The name may stand for another server by then.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        SslOptions = access.Security.For(url.IdnHost),
        UseCookies = false,
    })
    {
        Timeout = s_patience,
    };

    /// <summary>Some servers repeat a wrong token in their answer, and that goes into a log.</summary>
    private static string WithoutSecret(string answer, HttpRequestMessage request) =>
        request.Headers.Authorization?.Parameter is { Length: > 0 } secret
            ? answer.Replace(secret, "***", StringComparison.Ordinal)
            : answer;

    /// <summary>Data that the server will never accept is not sent again. A wrong password may still be corrected.</summary>
    private static Exception Failure(HttpResponseMessage response, string answer)
    {
        string reason = answer.Length > LongestReason ? answer[..LongestReason] : answer;
        string text = $"{(int)response.StatusCode} {response.ReasonPhrase}: {reason.ReplaceLineEndings(" ").Trim()}";
        return response.StatusCode
            is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity
            ? new ParcelRefusedException(text)
            : new IOException(text);
    }
}
