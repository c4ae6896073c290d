using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using XTrace.Programs;

namespace XTrace.Exporter;

/// <summary>Whom an output trusts, and how it shows who it is.</summary>
/// <param name="Authorities">
/// A file of certificates, PEM, that the other side's must lead to; null for those that the system trusts.
/// </param>
/// <param name="Certificate">A file with the own certificate, PEM; null for none.</param>
/// <param name="Key">A file with its key, PEM; null where it is in the certificate's file.</param>
internal sealed record TlsOptions(string? Authorities, string? Certificate, string? Key)
{
    private X509Certificate2Collection? _authorities;
    private X509Certificate2? _certificate;

    /// <summary>Reads the files.</summary>
    /// <exception cref="XTraceException">One cannot be read, or holds something else.</exception>
    internal void Load()
    {
        if (Authorities is not null)
        {
            _authorities = Read(Authorities, () =>
            {
                X509Certificate2Collection all = [];
                all.ImportFromPemFile(Authorities);
                return all.Count > 0 ? all : throw new CryptographicException(Messages.NoCertificate);
            });
        }
        if (Certificate is not null)
        {
            _certificate = Read(Certificate, () => X509Certificate2.CreateFromPemFile(Certificate, Key));
        }
    }

    /// <summary>The options of a connection to a host.</summary>
    internal SslClientAuthenticationOptions For(string host)
    {
        SslClientAuthenticationOptions options = new() { TargetHost = host };
        if (_authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(_authorities);
        }
        if (_certificate is not null)
        {
            options.ClientCertificateContext = SslStreamCertificateContext.Create(_certificate, additionalCertificates: null);
        }
        return options;
    }

    private static T Read<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Arguments.Wrong(Messages.UnreadableFile(file, error.Message));
        }
    }
}
