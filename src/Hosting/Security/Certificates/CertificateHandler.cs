using System.Collections.Frozen;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>Authenticates callers by the client certificate of their connection.</summary>
internal sealed class CertificateHandler(
    ServerTls tls, CertificateCallers callers,
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        if (Context.Connection.ClientCertificate is not { } certificate || tls.ClientTrust is not { } trust)
        {
            return AuthenticateResult.NoResult();
        }

        // Certificates can expire after the handshake and after their validation was cached.
        var now = TimeProvider.GetUtcNow();
        if (now >= certificate.NotAfter.ToUniversalTime())
        {
            return AuthenticateResult.Fail(CredentialException.Expired("The client certificate"));
        }

        if (!trust.TrustsClient(certificate))
        {
            return AuthenticateResult.Fail(CredentialException.Unknown(
                "The client certificate is not signed for clients by an authority that this server trusts."));
        }

        return callers.Find(certificate) is { } caller
            ? CallerTickets.Success(caller, Scheme.Name)
            : AuthenticateResult.Fail(CredentialException.Unknown(
                "The name of the client certificate is not configured on this server."));
    }
}

/// <summary>Maps trusted client certificates to callers by the names in Security:Certificates.</summary>
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
                throw new FormatException($"{whose} needs either Subject or San.");
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

    /// <summary>The caller of a certificate; null if none is configured.</summary>
    public Caller? Find(X509Certificate2 certificate) =>
        _bySubject.GetValueOrDefault(certificate.SubjectName.Name)
        ?? AlternativeNames.Of(certificate).Select(name => _bySan.GetValueOrDefault(name))
            .FirstOrDefault(caller => caller is not null);

    /// <summary>The subject in the spelling that .NET uses for certificates.</summary>
    private static string Subject(string whose, CertificateEntry entry)
    {
        try
        {
            // Name would be the text as it was written; the name of the encoded form has the spelling of .NET.
            return new X500DistinguishedName(new X500DistinguishedName(entry.Subject!).RawData).Name;
        }
        catch (CryptographicException failure)
        {
            throw new FormatException(
                $"{whose}:Subject must be a distinguished name such as \"CN=job-service, O=Example\".", failure);
        }
    }
}

/// <summary>
/// Reads the subject alternative names of a certificate (RFC 5280, section 4.2.1.6) in OpenSSL's notation: "DNS:…",
/// "URI:…", "email:…". .NET itself only exposes DNS names.
/// </summary>
internal static class AlternativeNames
{
    private const string Extension = "2.5.29.17";

    private static readonly Asn1Tag Email = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Dns = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The names; none if the extension is malformed.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        try
        {
            return [.. certificate.Extensions.Where(found => found.Oid?.Value == Extension).SelectMany(Read)];
        }
        catch (AsnContentException)
        {
            return [];
        }
    }

    private static List<string> Read(X509Extension extension)
    {
        var names = new List<string>();
        var sequence = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();
            if (Kind(tag) is { } kind)
            {
                names.Add($"{kind}:{sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag)}");
            }
            else
            {
                sequence.ReadEncodedValue();
            }
        }

        return names;
    }

    private static string? Kind(Asn1Tag tag) =>
        tag == Email ? "email" : tag == Dns ? "DNS" : tag == Uri ? "URI" : null;
}

/// <summary>A caller with a client certificate, identified by either Subject or San.</summary>
public sealed class CertificateEntry
{
    /// <value>The whole subject, for example "CN=job-service, O=Example".</value>
    public string? Subject { get; set; }

    /// <value>A subject alternative name: "DNS:job-service.internal", "URI:spiffe://…" or "email:…".</value>
    public string? San { get; set; }

    /// <value>Tenant of the caller.</value>
    public string Tenant { get; set; } = "";

    /// <value>Any of submit, read and admin.</value>
    public IList<string> Permissions { get; } = [];
}
