using System.Net.Http.Headers;
using System.Text;
using XTrace.Programs;

namespace XTrace.Exporter.Http;

/// <summary>Who an output is to a server. Secrets are in files, and are read again for each request: they may be renewed.</summary>
/// <param name="User">The user, for basic authentication; null for none.</param>
/// <param name="PasswordFile">A file with the user's password; null for none.</param>
/// <param name="TokenFile">A file with a bearer token; null for none.</param>
internal sealed record HttpCredentials(string? User, string? PasswordFile, string? TokenFile)
{
    /// <summary>Reads the files once, so that a name that is wrong is told at the start.</summary>
    /// <exception cref="XTraceException">One cannot be read.</exception>
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
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal void AddTo(HttpRequestMessage request) => request.Headers.Authorization = Header;

    private AuthenticationHeaderValue? Header =>
        TokenFile is not null ? new AuthenticationHeaderValue("Bearer", Read(TokenFile))
        : User is not null ? new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{(PasswordFile is null ? "" : Read(PasswordFile))}")))
        : null;

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
