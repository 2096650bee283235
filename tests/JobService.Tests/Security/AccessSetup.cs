using System.Security.Cryptography;
using ForegSyte.Client;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>
/// A way to say who may call, with callers of each kind. All but "other" are of the tenant "a".
/// </summary>
internal sealed class AccessSetup : IDisposable
{
    public const string Owner = "a";
    public const string Issuer = "https://issuer.test";
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

    private AccessSetup()
    {
    }

    /// <summary>Settings of the service.</summary>
    public List<(string Key, string Value)> Settings { get; } = [];

    /// <summary>The callers by what they are, in the order of the document.</summary>
    public Dictionary<string, ClientCredentials> Callers { get; } = new() { ["none"] = new ClientCredentials() };

    public string File(string name) => _folder.File(name);

    public static AccessSetup Open(params (string Key, string Value)[] settings)
    {
        var setup = new AccessSetup();
        setup.Settings.AddRange(settings);
        setup.Callers["wrong"] = new ClientCredentials { ApiKey = ApiKeyText.New("nobody").Reveal() };
        return setup;
    }

    public static AccessSetup ApiKeys()
    {
        var setup = new AccessSetup();
        var right = Grants.ToDictionary(
            grant => grant.Name, grant => NewApiKey.Make(grant.Name, grant.Tenant, grant.Permissions, expiresAt: null));
        var expired = NewApiKey.Make(
            "expired", Owner, ["admin"], new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        setup.Callers["wrong"] = new ClientCredentials { ApiKey = ApiKeyText.New("admin").Reveal() };
        setup.Callers["expired"] = new ClientCredentials { ApiKey = expired.Key.Reveal() };
        foreach (var (name, made) in right)
        {
            setup.Callers[name] = new ClientCredentials { ApiKey = made.Key.Reveal() };
        }

        WriteKeys(setup.File("keys.json"), [expired, .. right.Values]);
        setup.Settings.Add(("Security:ApiKeysFile", setup.File("keys.json")));
        return setup;
    }

    public static AccessSetup Tokens()
    {
        var setup = new AccessSetup();
        var key = setup.Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var foreign = setup.Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        System.IO.File.WriteAllText(setup.File("jwt.pem"), key.ExportSubjectPublicKeyInfoPem());
        setup.Settings.AddRange(
        [
            ("Security:Jwt:Issuer", Issuer), ("Security:Jwt:Audience", Audience),
            ("Security:Jwt:KeysFile", setup.File("jwt.pem")),
        ]);
        setup.Callers["wrong"] = Bearer(Token(foreign, "admin", Owner, ["admin"]));
        setup.Callers["expired"] = Bearer(Token(key, "admin", Owner, ["admin"], TimeSpan.FromHours(-1)));
        foreach (var (name, tenant, permissions) in Grants)
        {
            setup.Callers[name] = Bearer(Token(key, name, tenant, permissions));
        }

        return setup;
    }

    public static AccessSetup MutualTls()
    {
        var setup = new AccessSetup();
        var authority = setup.Own(new TestCertificates(setup._folder.Path));
        var foreign = setup.Own(new TestCertificates(setup._folder.Path, "foreign"));
        var (certificate, key) = authority.Server();
        setup.Settings.AddRange(
        [
            ("Listen:Tls:CertificateFile", certificate), ("Listen:Tls:KeyFile", key),
            ("Listen:Tls:ClientCaFile", authority.CaFile),
        ]);
        setup.Callers["none"] = new ClientCredentials { CaFile = authority.CaFile };
        setup.Callers["wrong"] = Shows(foreign.Client("forged", "CN=admin, O=Test"));
        setup.Callers["expired"] = Shows(authority.Client("expired", "CN=admin, O=Test", isExpired: true));
        foreach (var (index, (name, tenant, permissions)) in Grants.Index())
        {
            var entry = $"Security:Certificates:{index}";
            setup.Settings.Add(index % 2 == 0
                ? ($"{entry}:Subject", $"CN={name}, O=Test")
                : ($"{entry}:San", $"URI:spiffe://test/{name}"));
            setup.Settings.Add(($"{entry}:Tenant", tenant));
            setup.Settings.AddRange(
                permissions.Index().Select(pair => ($"{entry}:Permissions:{pair.Index}", pair.Item)));
            setup.Callers[name] = Shows(authority.Client(
                name, index % 2 == 0 ? $"CN={name}, O=Test" : "CN=somebody", $"spiffe://test/{name}"));
        }

        return setup;

        ClientCredentials Shows((string CertificateFile, string KeyFile) files) => new()
        {
            CaFile = authority.CaFile,
            CertificateFile = files.CertificateFile,
            KeyFile = files.KeyFile,
        };
    }

    public static void WriteKeys(string path, IEnumerable<NewApiKey> keys) =>
        System.IO.File.WriteAllText(path, $"{{\"keys\": [{string.Join(",\n", keys.Select(key => key.Entry))}]}}");

    /// <summary>A signed token.</summary>
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

    /// <summary>A signed token with these claims.</summary>
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

    public static ClientCredentials Bearer(string token) => new() { BearerToken = _ => ValueTask.FromResult(token) };

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
