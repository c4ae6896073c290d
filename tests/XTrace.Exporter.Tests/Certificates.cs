namespace XTrace.Exporter.Tests;

/// <summary>An authority, and certificates of it for a collector and an exporter.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xtrace-certificates-");

    internal Certificates()
    {
        OpenSsl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", PathTo("ca.key"), "-out", PathTo("ca.crt"), "-days", "2",
            "-subj", "/CN=Authority");
        foreach (string name in (string[])["collector", "exporter"])
        {
            OpenSsl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", PathTo($"{name}.key"),
                "-out", PathTo($"{name}.crt"), "-days", "2",
                "-subj", $"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
                "-CA", PathTo("ca.crt"), "-CAkey", PathTo("ca.key"));
        }
    }

    internal string PathTo(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    private static void OpenSsl(params string[] arguments) => Command.Run("openssl", arguments);
}
