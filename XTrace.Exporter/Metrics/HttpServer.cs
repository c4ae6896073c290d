using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XTrace.Exporter.Metrics;

/// <summary>A request: what is asked for, and how the answer may be.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path, without a query.</param>
/// <param name="Headers">The headers; their names are in small letters.</param>
internal sealed record HttpRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers);

/// <summary>An answer.</summary>
internal sealed record HttpAnswer(HttpStatusCode Status, string ContentType, byte[] Content, bool IsGzip = false);

/// <summary>
/// Answers GET and HEAD, one request a connection. HttpListener would answer only to those who call it by the name that it was
/// given, and does not listen on IPv6 and IPv4 at once; Kestrel would double the program.
/// </summary>
internal sealed class HttpServer : IDisposable
{
    private const int LongestRequest = 8192;
    private const int MostConnections = 16;
    private const int PatienceMilliseconds = 5000;
    private const int LongestMilliseconds = 10_000; // for a request and its answer in all
    private const int PauseMilliseconds = 100;

    private readonly Socket _listener;
    private readonly Func<HttpRequest, HttpAnswer> _answer;
    private readonly SemaphoreSlim _free = new(MostConnections);
    private volatile bool _isOver;

    /// <summary>Listens from now on, and answers once <see cref="Start"/> was called.</summary>
    /// <param name="address">Where to listen. IPv6's any address is IPv4's as well.</param>
    /// <param name="answer">Makes the answers, on any thread.</param>
    /// <exception cref="SocketException">The address is taken, or is not this machine's.</exception>
    internal HttpServer(IPEndPoint address, Func<HttpRequest, HttpAnswer> answer)
    {
        _answer = answer;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                _listener.DualMode = true;
            }
            _listener.Bind(address);
            _listener.Listen();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    internal void Start() => new Thread(Accept) { IsBackground = true, Name = "http" }.Start();

    public void Dispose()
    {
        _isOver = true;
        _listener.Dispose();
        _free.Dispose();
    }

    private void Accept()
    {
        while (!_isOver)
        {
            try
            {
                Socket client = _listener.Accept();
                _free.Wait();
                ThreadPool.UnsafeQueueUserWorkItem(Serve, client, preferLocal: false);
            }
            catch (Exception error) when (error is SocketException or OutOfMemoryException or TypeInitializationException)
            {
                // No descriptor or no thread is free, or who called has hung up: the next may fare better, accept(2). A call that
                // waits for a thread is served when there is one. A thread pool that could not start throws a TypeInitializationException.
                Thread.Sleep(PauseMilliseconds);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Serve(Socket client)
    {
        try
        {
            using NetworkStream stream = new(client, ownsSocket: true)
            {
                ReadTimeout = PatienceMilliseconds,
                WriteTimeout = PatienceMilliseconds,
            };
            // Closing the socket ends the reading or writing that goes on.
            using Timer deadline = new(_ => client.Dispose(), null, LongestMilliseconds, Timeout.Infinite);
            HttpRequest? request = Read(stream);
            bool isKnown = request?.Method is "GET" or "HEAD";
            HttpAnswer answer = request is null ? Plain(HttpStatusCode.BadRequest)
                : isKnown ? _answer(request)
                : Plain(HttpStatusCode.MethodNotAllowed);
            Write(stream, answer, withContent: request?.Method != "HEAD");
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // Whoever asked has gone, or does not read.
        }
        catch (Exception error) when (error is UnauthorizedAccessException or OutOfMemoryException or XTraceException)
        {
            // This answer cannot be made. The next may be, and the export goes on.
        }
        finally
        {
            Release();
        }
    }

    private void Release()
    {
        try
        {
            _free.Release();
        }
        catch (ObjectDisposedException)
        {
            // The server has ended meanwhile.
        }
    }

    /// <summary>An answer that says its status in words.</summary>
    internal static HttpAnswer Plain(HttpStatusCode status, string? text = null) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes($"{text ?? Phrase(status)}\n"));

    /// <summary>A status in words: <c>Not Found</c>.</summary>
    private static string Phrase(HttpStatusCode status)
    {
        string words = $"{status}";
        return string.Concat(words.Select((c, i) => i > 0 && char.IsUpper(c) && char.IsLower(words[i - 1]) ? $" {c}" : $"{c}"));
    }

    /// <returns>Null where it is no request, or is too long.</returns>
    private static HttpRequest? Read(NetworkStream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(LongestRequest);
        try
        {
            int length = 0;
            while (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
            {
                int read = length == buffer.Length ? 0 : stream.Read(buffer, length, buffer.Length - length);
                if (read == 0)
                {
                    return null;
                }
                length += read;
            }
            return Parse(Encoding.ASCII.GetString(buffer, 0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static HttpRequest? Parse(string text)
    {
        string[] lines = text.Split("\r\n");
        if (lines[0].Split(' ') is not [var method, ['/', ..] target, ['H', 'T', 'T', 'P', '/', '1', '.', _]])
        {
            return null;
        }
        Dictionary<string, string> headers = [];
        foreach (string line in lines.Skip(1).Where(line => line.Contains(':', StringComparison.Ordinal)))
        {
            string[] parts = line.Split(':', 2, StringSplitOptions.TrimEntries);
            string name = parts[0].ToLowerInvariant();
            headers[name] = headers.TryGetValue(name, out string? before) ? $"{before}, {parts[1]}" : parts[1];
        }
        return new HttpRequest(method, target.Split('?')[0], headers);
    }

    private static void Write(NetworkStream stream, HttpAnswer answer, bool withContent)
    {
        string head = $"HTTP/1.1 {(int)answer.Status} {Phrase(answer.Status)}\r\nContent-Type: {answer.ContentType}\r\n"
            + $"Content-Length: {answer.Content.Length}\r\n{(answer.IsGzip ? "Content-Encoding: gzip\r\n" : "")}"
            + (answer.Status == HttpStatusCode.MethodNotAllowed ? "Allow: GET, HEAD\r\n" : "")
            + "Connection: close\r\n\r\n";
        stream.Write(Encoding.ASCII.GetBytes(head));
        if (withContent)
        {
            stream.Write(answer.Content);
        }
    }
}
