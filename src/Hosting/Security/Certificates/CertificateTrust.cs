using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>
/// Certificate authorities that are trusted, those of the system not among them. Never changed. What was found of a
/// certificate is kept as long as its connection holds it.
/// </summary>
internal sealed class CertificateTrust
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _authorities;
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<bool>> _clients = [];

    private CertificateTrust(X509Certificate2Collection authorities) => _authorities = authorities;

    /// <summary>Reads a PEM file with one or more authorities.</summary>
    /// <exception cref="FormatException">It has none.</exception>
    public static CertificateTrust Parse(ReadOnlySpan<byte> pem)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(System.Text.Encoding.UTF8.GetString(pem));
        }
        catch (CryptographicException failure)
        {
            throw new FormatException("A certificate in it cannot be read.", failure);
        }

        return authorities.Count > 0
            ? new CertificateTrust(authorities)
            : throw new FormatException("It has no certificate; it takes PEM, \"-----BEGIN CERTIFICATE-----\".");
    }

    /// <summary>Whether a client's certificate leads to an authority and is for clients. Its dates count too.</summary>
    public bool TrustsClient(X509Certificate2 certificate) =>
        _clients.GetValue(certificate, added => new StrongBox<bool>(Leads(added, [], ClientAuthentication))).Value;

    /// <summary>
    /// Whether a server's certificate leads to an authority and is for servers. Its name is not looked at.
    /// </summary>
    /// <param name="certificate">The server's.</param>
    /// <param name="sent">Further certificates that the server sent, to lead to the authority.</param>
    public bool TrustsServer(X509Certificate2 certificate, IEnumerable<X509Certificate2> sent) =>
        Leads(certificate, sent, ServerAuthentication);

    private bool Leads(X509Certificate2 certificate, IEnumerable<X509Certificate2> sent, string usage)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.ExtraStore.AddRange(sent.ToArray());
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));

        // There is nobody to ask: a certificate is taken back by removing its name from Security:Certificates.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }
}
