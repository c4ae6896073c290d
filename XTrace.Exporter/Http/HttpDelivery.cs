using System.Net;

namespace XTrace.Exporter.Http;

/// <summary>Hands parcels over as requests of HTTP or HTTPS.</summary>
/// <param name="url">The server.</param>
/// <param name="access">Who asks, and over what.</param>
/// <param name="ask">Makes the request of a parcel.</param>
internal sealed class HttpDelivery(Uri url, HttpAccess access, Func<Parcel, HttpRequestMessage> ask) : IDelivery
{
    private const int LongestReason = 300;

    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private HttpClient? _client;

    public void Deliver(in Parcel parcel)
    {
        using HttpRequestMessage request = ask(parcel);
        access.Credentials.AddTo(request);
        _client ??= Connect();
        try
        {
            using HttpResponseMessage response = _client.Send(request);
            if (!response.IsSuccessStatusCode)
            {
                throw Failure(response);
            }
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

    public IReadOnlyList<Parcel> TakeBack() => [];

    /// <summary>An answer has come to all that was delivered.</summary>
    public void Close(TimeSpan patience) => Dispose();

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

    /// <summary>What the server will never take is not tried again. A wrong password may yet be put right.</summary>
    private static Exception Failure(HttpResponseMessage response)
    {
        string reason = $"{(int)response.StatusCode} {response.ReasonPhrase}: {ReasonIn(response)}";
        return response.StatusCode
            is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity
            ? new ParcelRefusedException(reason)
            : new IOException(reason);
    }

    private static string ReasonIn(HttpResponseMessage response)
    {
        using StreamReader reader = new(response.Content.ReadAsStream());
        char[] text = new char[LongestReason];
        return new string(text, 0, reader.ReadBlock(text)).ReplaceLineEndings(" ").Trim();
    }
}
