using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Testing;

/// <summary>A certificate authority that issues certificates as PEM files.</summary>
public sealed class TestCertificates : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _authority;

    /// <summary>Creates an authority and writes its certificate.</summary>
    /// <param name="folder">Folder of the files.</param>
    /// <param name="name">Name of the authority and its file.</param>
    public TestCertificates(string folder, string name = "ca")
    {
        Folder = folder;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=ForegSyte test {name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        CaFile = Write($"{name}.pem", _authority.ExportCertificatePem());
    }

    /// <summary>Folder of the files.</summary>
    public string Folder { get; }

    /// <summary>File with the authority's certificate.</summary>
    public string CaFile { get; }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Issues a certificate for a server on the loopback.</summary>
    public (string CertificateFile, string KeyFile) Server(string file = "server")
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        return Issue(file, $"CN={file}", names, ServerAuthentication, Now.AddDays(1));
    }

    /// <summary>Issues a certificate for a client.</summary>
    /// <param name="file">Name of its files, without extension.</param>
    /// <param name="subject">Its subject.</param>
    /// <param name="san">A URI in its subject alternative names; null for none.</param>
    /// <param name="isExpired">Whether it has expired.</param>
    public (string CertificateFile, string KeyFile) Client(
        string file, string subject, string? san = null, bool isExpired = false)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("client@example.test");
        if (san is not null)
        {
            names.AddUri(new Uri(san));
        }

        return Issue(file, subject, names, ClientAuthentication, Now.AddMinutes(isExpired ? -1 : 60 * 24));
    }

    /// <inheritdoc />
    public void Dispose() => _authority.Dispose();

    private (string CertificateFile, string KeyFile) Issue(
        string file, string subject, SubjectAlternativeNameBuilder names, string usage, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, false));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(
            _authority, Now.AddDays(-1), end, RandomNumberGenerator.GetBytes(8));
        return (
            Write($"{file}.pem", certificate.ExportCertificatePem()),
            Write($"{file}.key.pem", key.ExportPkcs8PrivateKeyPem()));
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }
}
