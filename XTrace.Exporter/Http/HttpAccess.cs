namespace XTrace.Exporter.Http;

/// <summary>How a server is reached.</summary>
/// <param name="Credentials">Who asks.</param>
/// <param name="Security">Whom it trusts, over HTTPS.</param>
internal sealed record HttpAccess(HttpCredentials Credentials, TlsOptions Security)
{
    /// <summary>Reads the files that are needed.</summary>
    /// <exception cref="XTraceException">One cannot be read.</exception>
    internal void Load(Uri url)
    {
        Credentials.Check();
        if (url.Scheme == Uri.UriSchemeHttps)
        {
            Security.Load();
        }
    }
}
