using System.Net.Http.Headers;
using System.Text;
using XTrace.Programs;

namespace XTrace.Exporter.Http;

/// <summary>
/// The credentials of an output: <c>USER:PASSWORD</c> for basic authentication, or a bearer token, which has no colon. They are in
/// a file, because everybody can see command lines. The file is read again for each request, because it may be renewed.
/// </summary>
/// <param name="File">The file; null for none.</param>
internal sealed record HttpCredentials(string? File)
{
    /// <summary>Reads the file once, so that a name that is wrong is told at the start.</summary>
    /// <exception cref="XTraceException">It cannot be read.</exception>
    internal void Check()
    {
        try
        {
            _ = Header;
        }
        catch (IOException error)
        {
            throw Arguments.Wrong(HttpMessages.Unreadable(error.Message));
        }
    }

    /// <summary>Adds what the server is to know.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal void AddTo(HttpRequestMessage request) => request.Headers.Authorization = Header;

    private AuthenticationHeaderValue? Header => File is null ? null
        : Read(File) is var secret && secret.Contains(':', StringComparison.Ordinal)
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)))
            : new AuthenticationHeaderValue("Bearer", secret);

    private static string Read(string file)
    {
        try
        {
            string secret = System.IO.File.ReadAllText(file).Trim();
            // A header has one line.
            return secret.Length > 0 && !secret.AsSpan().ContainsAny('\r', '\n', '\0')
                ? secret
                : throw new IOException(HttpMessages.NotOneLine(file));
        }
        catch (Exception error) when (error is UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException(error.Message, error);
        }
    }
}
