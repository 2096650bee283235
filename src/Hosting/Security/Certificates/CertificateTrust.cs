using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>
/// An immutable set of trusted certificate authorities, excluding those of the system. Validation results are cached
/// for as long as the connection of the certificate lives.
/// </summary>
internal sealed class CertificateTrust
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _authorities;
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<bool>> _clients = [];

    private CertificateTrust(X509Certificate2Collection authorities) => _authorities = authorities;

    /// <summary>Parses a PEM file of one or more authorities.</summary>
    /// <exception cref="FormatException">The file contains none.</exception>
    public static CertificateTrust Parse(ReadOnlySpan<byte> pem)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(System.Text.Encoding.UTF8.GetString(pem));
        }
        catch (CryptographicException failure)
        {
            throw new FormatException("A certificate in the file is malformed.", failure);
        }

        return authorities.Count > 0
            ? new CertificateTrust(authorities)
            : throw new FormatException("The file has no PEM certificate, \"-----BEGIN CERTIFICATE-----\".");
    }

    /// <summary>
    /// Whether a client certificate chains to an authority, is valid now and allows client authentication.
    /// </summary>
    public bool TrustsClient(X509Certificate2 certificate) =>
        _clients.GetValue(
            certificate, added => new StrongBox<bool>(ChainsToAuthority(added, [], ClientAuthentication))).Value;

    /// <summary>
    /// Whether a server certificate chains to an authority, is valid now and allows server authentication. It does not
    /// check the name.
    /// </summary>
    /// <param name="certificate">The server's certificate.</param>
    /// <param name="sent">Intermediate certificates that the server sent.</param>
    public bool TrustsServer(X509Certificate2 certificate, IEnumerable<X509Certificate2> sent) =>
        ChainsToAuthority(certificate, sent, ServerAuthentication);

    private bool ChainsToAuthority(X509Certificate2 certificate, IEnumerable<X509Certificate2> sent, string usage)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.ExtraStore.AddRange(sent.ToArray());
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));

        // Revocation means removing the name from Security:Certificates.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }
}

/// <summary>An immutable certificate with its private key.</summary>
internal sealed class PemCertificate
{
    private PemCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates)
    {
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate with its intermediate certificates, for server handshakes.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Parses PEM: the certificate and its intermediates in the first file, the key in the last.</summary>
    /// <exception cref="FormatException">The certificate is invalid, or the key does not belong to it.</exception>
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
                "The file must be PEM with a certificate and its unencrypted private key.", failure);
        }
    }
}
