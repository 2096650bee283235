using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>The certificate of a service, or of a client, with its key. Never changed.</summary>
internal sealed class PemCertificate
{
    private PemCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates)
    {
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The same with the certificates that lead to its authority.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Reads PEM: the certificate, intermediate ones after it, and the key in the last of the files.</summary>
    /// <exception cref="FormatException">It is no certificate, or the key is not that of the certificate.</exception>
    public static PemCertificate Parse(IReadOnlyList<byte[]> files)
    {
        var pem = Encoding.UTF8.GetString(files[0]);
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem, Encoding.UTF8.GetString(files[^1]));
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return new PemCertificate(certificate, [.. all.Skip(1)]);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new FormatException(
                "It takes a certificate as PEM and the private key that belongs to it, not encrypted.", failure);
        }
    }
}
