using XTrace.Programs;

namespace XTrace.Exporter.Http;

/// <summary>URLs that people give.</summary>
internal static class HttpUrl
{
    /// <summary>Reads one.</summary>
    /// <param name="option">The option, or the variable, that it was given with.</param>
    /// <param name="text">The URL.</param>
    /// <param name="named">The option whose <c>-auth</c> takes secrets, where that is another.</param>
    /// <exception cref="XTraceException">It is none of HTTP or HTTPS, or has a password in it.</exception>
    internal static Uri Parse(string option, string text, string? named = null)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw Arguments.Wrong(HttpMessages.WrongUrl(option, text));
        }
        bool isOpen = url.UserInfo.Length > 0 || url.Query.Contains("password=", StringComparison.OrdinalIgnoreCase);
        return !isOpen ? url : throw Arguments.Wrong(HttpMessages.SecretInUrl(option, $"{named ?? option}-auth"));
    }
}
