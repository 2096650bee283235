using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Jobs.Tests.Fetching;

/// <summary>A certificate authority for tests.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(2);

    private readonly X509Certificate2 _root = Make("Test root", null, isAuthority: true, []);

    /// <summary>The root certificate as PEM.</summary>
    public string RootPem => _root.ExportCertificatePem();

    /// <summary>Issues a server certificate for names and addresses.</summary>
    public X509Certificate2 Issue(params string[] hosts) => Make("Test server", _root, isAuthority: false, hosts);

    /// <summary>
    /// Issues a certificate whose issuer the server does not send but which names an address to download it from.
    /// </summary>
    public X509Certificate2 IssueThroughMissing(string issuerAddress, params string[] hosts)
    {
        using var missing = Make("Test intermediate", _root, isAuthority: true, []);
        return Make("Test server", missing, isAuthority: false, hosts, issuerAddress);
    }

    public void Dispose() => _root.Dispose();

    private static X509Certificate2 Make(
        string name, X509Certificate2? issuer, bool isAuthority, string[] hosts, string? issuerAddress = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, isAuthority));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            isAuthority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, isAuthority));
        if (hosts.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var host in hosts)
            {
                if (IPAddress.TryParse(host, out var address))
                {
                    names.AddIpAddress(address);
                }
                else
                {
                    names.AddDnsName(host);
                }
            }

            request.CertificateExtensions.Add(names.Build());
        }

        if (issuerAddress is not null)
        {
            request.CertificateExtensions.Add(
                new X509AuthorityInformationAccessExtension([], [issuerAddress]));
        }

        var now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
        {
            return request.CreateSelfSigned(now - Lifetime, now + Lifetime);
        }

        using var issued = request.Create(
            issuer.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!),
            now - Lifetime / 2, now + Lifetime / 2, RandomNumberGenerator.GetBytes(8));
        using var withKey = issued.CopyWithPrivateKey(key);
        // On some systems SslStream does not accept ephemeral keys.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
