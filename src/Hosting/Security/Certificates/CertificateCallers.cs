using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>
/// Who a certificate is, by the names that the configuration lists. Whether to trust it is decided before.
/// </summary>
internal sealed class CertificateCallers
{
    private readonly FrozenDictionary<string, Caller> _bySubject;
    private readonly FrozenDictionary<string, Caller> _bySan;

    public CertificateCallers(IOptions<SecurityOptions> options)
    {
        var (bySubject, bySan) = (new Dictionary<string, Caller>(), new Dictionary<string, Caller>());
        foreach (var (index, entry) in options.Value.Certificates.Index())
        {
            var whose = $"Security:Certificates:{index}";
            if (string.IsNullOrEmpty(entry.Subject) == string.IsNullOrEmpty(entry.San))
            {
                throw new FormatException($"{whose} needs one of Subject and San.");
            }

            var (callers, name) = entry.San is { Length: > 0 } san ? (bySan, san) : (bySubject, Subject(whose, entry));
            var grant = CallerGrant.Parse(whose, entry.Tenant, entry.Permissions);
            if (!callers.TryAdd(name, new Caller($"certificate:{name}", grant.Tenant, grant.Permissions)))
            {
                throw new FormatException($"{whose} repeats the name {name}.");
            }
        }

        (_bySubject, _bySan) = (bySubject.ToFrozenDictionary(), bySan.ToFrozenDictionary());
    }

    /// <summary>The caller whom a certificate names; null where it names none.</summary>
    public Caller? Find(X509Certificate2 certificate) =>
        _bySubject.GetValueOrDefault(certificate.SubjectName.Name)
        ?? AlternativeNames.Of(certificate).Select(name => _bySan.GetValueOrDefault(name))
            .FirstOrDefault(caller => caller is not null);

    /// <summary>In the one spelling that certificates are read in.</summary>
    private static string Subject(string whose, CertificateEntry entry)
    {
        try
        {
            return new X500DistinguishedName(entry.Subject!).Name;
        }
        catch (CryptographicException failure)
        {
            throw new FormatException(
                $"{whose}:Subject has to be a distinguished name such as \"CN=job-service, O=Example\".", failure);
        }
    }
}
