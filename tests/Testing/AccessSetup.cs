using System.Security.Cryptography;
using ForegSyte.Client;
using ForegSyte.Hosting.Security.ApiKeys;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Testing;

/// <summary>
/// A security configuration of a service with a caller of each kind. All callers but "other" and "admin" belong to
/// <see cref="Owner"/>.
/// </summary>
public sealed class AccessSetup : IDisposable
{
    /// <summary>Tenant of most callers.</summary>
    public const string Owner = "a";

    /// <summary>Issuer of tokens.</summary>
    public const string Issuer = "https://issuer.test";

    /// <summary>Audience of tokens.</summary>
    public const string Audience = "foregsyte";

    private static readonly (string Name, string Tenant, string[] Permissions)[] Grants =
    [
        ("read", Owner, ["read"]),
        ("submit", Owner, ["submit"]),
        ("admin", "operations", ["admin"]),
        ("other", "b", ["submit", "read"]),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly List<IDisposable> _owned = [];
    private readonly List<(string Key, string Value)> _settings = [];
    private readonly OrderedDictionary<string, ClientCredentials> _callers = new() { ["none"] = new() };

    private AccessSetup()
    {
    }

    /// <summary>Settings of the service.</summary>
    public IReadOnlyList<(string Key, string Value)> Settings => _settings;

    /// <summary>Credentials by kind of caller, in the order of docs/security-matrix.md.</summary>
    public IReadOnlyDictionary<string, ClientCredentials> Callers => _callers;

    /// <summary>Path of a file in the folder of the configuration.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>No credentials.</summary>
    public static AccessSetup Open(params (string Key, string Value)[] settings)
    {
        var setup = new AccessSetup();
        setup._settings.AddRange(settings);
        setup._callers["wrong"] = new ClientCredentials { ApiKey = ApiKeyText.New("nobody").Reveal() };
        return setup;
    }

    /// <summary>API keys in a file.</summary>
    public static AccessSetup ApiKeys()
    {
        var setup = new AccessSetup();
        var right = Grants.ToDictionary(
            grant => grant.Name, grant => NewApiKey.Make(grant.Name, grant.Tenant, grant.Permissions, expiresAt: null));
        var expired = NewApiKey.Make(
            "expired", Owner, ["admin"], new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        setup._callers["wrong"] = new ClientCredentials { ApiKey = ApiKeyText.New("admin").Reveal() };
        setup._callers["expired"] = new ClientCredentials { ApiKey = expired.Key.Reveal() };
        foreach (var (name, made) in right)
        {
            setup._callers[name] = new ClientCredentials { ApiKey = made.Key.Reveal() };
        }

        WriteKeys(setup.File("keys.json"), [expired, .. right.Values]);
        setup._settings.Add(("Security:ApiKeysFile", setup.File("keys.json")));
        return setup;
    }

    /// <summary>JSON Web Tokens.</summary>
    public static AccessSetup Tokens()
    {
        var setup = new AccessSetup();
        var key = setup.Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var foreign = setup.Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        System.IO.File.WriteAllText(setup.File("jwt.pem"), key.ExportSubjectPublicKeyInfoPem());
        setup._settings.AddRange(
        [
            ("Security:Jwt:Issuer", Issuer), ("Security:Jwt:Audience", Audience),
            ("Security:Jwt:KeysFile", setup.File("jwt.pem")),
        ]);
        setup._callers["wrong"] = Bearer(Token(foreign, "admin", Owner, ["admin"]));
        setup._callers["expired"] = Bearer(Token(key, "admin", Owner, ["admin"], TimeSpan.FromHours(-1)));
        foreach (var (name, tenant, permissions) in Grants)
        {
            setup._callers[name] = Bearer(Token(key, name, tenant, permissions));
        }

        return setup;
    }

    /// <summary>Client certificates.</summary>
    public static AccessSetup MutualTls()
    {
        var setup = new AccessSetup();
        var authority = setup.Own(new TestCertificates(setup._folder.Path));
        var foreign = setup.Own(new TestCertificates(setup._folder.Path, "foreign"));
        var (certificate, key) = authority.Server();
        setup._settings.AddRange(
        [
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Listen:Tls:ClientCaFile", authority.CaFile),
        ]);
        setup._callers["none"] = new ClientCredentials { CaFile = authority.CaFile };
        setup._callers["wrong"] = Present(foreign.Client("forged", "CN=admin, O=Test"));
        setup._callers["expired"] = Present(authority.Client("expired", "CN=admin, O=Test", isExpired: true));
        foreach (var (index, (name, tenant, permissions)) in Grants.Index())
        {
            var entry = $"Security:Certificates:{index}";
            setup._settings.Add(index % 2 == 0
                ? ($"{entry}:Subject", $"CN={name}, O=Test")
                : ($"{entry}:San", $"URI:spiffe://test/{name}"));
            setup._settings.Add(($"{entry}:Tenant", tenant));
            setup._settings.AddRange(
                permissions.Index().Select(pair => ($"{entry}:Permissions:{pair.Index}", pair.Item)));
            setup._callers[name] = Present(authority.Client(
                name, index % 2 == 0 ? $"CN={name}, O=Test" : "CN=somebody", $"spiffe://test/{name}"));
        }

        return setup;

        ClientCredentials Present((string CertificateFile, string KeyFile) files) => new()
        {
            CaFile = authority.CaFile,
            CertificateFile = files.CertificateFile,
            KeyFile = files.KeyFile,
        };
    }

    /// <summary>Writes a file of API keys.</summary>
    public static void WriteKeys(string path, IEnumerable<NewApiKey> keys) =>
        System.IO.File.WriteAllText(path, $"{{\"keys\": [{string.Join(",\n", keys.Select(key => key.Entry))}]}}");

    /// <summary>Signs a token with the usual claims.</summary>
    public static string Token(
        ECDsa key, string subject, string tenant, IEnumerable<string> permissions, TimeSpan? lifetime = null,
        string issuer = Issuer, string audience = Audience) => Sign(
            key,
            new Dictionary<string, object>
            {
                ["sub"] = subject,
                ["tenant"] = tenant,
                ["permissions"] = permissions.ToArray(),
            },
            lifetime, issuer, audience);

    /// <summary>Signs a token with the given claims.</summary>
    public static string Sign(
        ECDsa key, Dictionary<string, object> claims, TimeSpan? lifetime = null, string issuer = Issuer,
        string audience = Audience)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = now.AddDays(-1),
            Expires = now + (lifetime ?? TimeSpan.FromHours(1)),
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key), SecurityAlgorithms.EcdsaSha256),
            Claims = claims,
        });
    }

    /// <summary>Credentials with a token.</summary>
    public static ClientCredentials Bearer(string token) => new() { BearerToken = _ => ValueTask.FromResult(token) };

    /// <inheritdoc />
    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _folder.Dispose();
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
