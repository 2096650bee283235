using System.Security.Cryptography;
using System.Text;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class JwtTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Call_InvalidToken_IsRefusedWithTheProblem()
    {
        await using var server = await StartAsync();

        foreach (var (token, problem, part) in new[]
        {
            (Token(issuer: "https://other.test"), "unknown", "another issuer"),
            (Token(audience: "other"), "unknown", "another audience"),
            (Token(lifetime: TimeSpan.FromHours(-1)), "expired", "has expired"),
            (Token(tenant: ""), "malformed", "\"tenant\""),
            (Token(tenant: "a b"), "malformed", "\"tenant\""),
            ("not.a.token", "unknown", "signed"),
            (Unsigned(), "unknown", "signed"),
            (WithSharedSecret(), "unknown", "signed"),
        })
        {
            var call = CallAsync(server, token);
            var refusal = await AccessOutcome.RefusalAsync(call);
            var message = (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).Status.Detail;
            Assert.Equal(("UNAUTHENTICATED", problem), (refusal.Reason, refusal.Metadata["problem"]));
            Assert.Contains(part, message, StringComparison.Ordinal);
            Assert.DoesNotContain("IDX", message, StringComparison.Ordinal);
        }

        Assert.NotEmpty((await CallAsync(server, Token())).Pipelines);
    }

    [Fact]
    public async Task Call_ClaimsOfOtherNames_AreReadAsTheOptionsSay()
    {
        await using var server = await StartAsync(
            ("Security:Jwt:PermissionsClaim", "scope"), ("Security:Jwt:PermissionPrefix", "foregsyte:"),
            ("Security:Jwt:TenantClaim", "org"));
        var token = AccessSetup.Sign(_key, new Dictionary<string, object>
        {
            ["sub"] = "x",
            ["org"] = "acme",
            ["scope"] = "openid foregsyte:read read submit",
        });

        Assert.NotEmpty((await CallAsync(server, token)).Pipelines);
        var refusal = await AccessOutcome.RefusalAsync(server.Jobs.SubmitVideoAsync(
            new SubmitVideoRequest(), Headers(token), cancellationToken: Cancellation));
        Assert.Equal(("PERMISSION_DENIED", "submit"), (refusal.Reason, refusal.Metadata["permission"]));
    }

    [Fact]
    public async Task Call_KeysOfTheIssuersMetadata_AreFetched()
    {
        await using var issuer = await StartIssuerAsync();
        var address = issuer.Urls.Single();
        await using var server = await TestServer.StartAsync(
            ("Security:Jwt:Issuer", AccessSetup.Issuer),
            ("Security:Jwt:Audience", AccessSetup.Audience),
            ("Security:Jwt:MetadataAddress", $"{address}/.well-known/openid-configuration"));

        Assert.NotEmpty((await CallAsync(server, Token())).Pipelines);
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var refusal = await AccessOutcome.RefusalAsync(
            CallAsync(server, AccessSetup.Token(foreign, "x", "a", ["read"])));
        Assert.Equal("UNAUTHENTICATED", refusal.Reason);
    }

    [Fact]
    public void Parse_JwksAndPem_HasTheirPublicKeys()
    {
        using var rsa = RSA.Create(2048);
        var pem = $"{_key.ExportSubjectPublicKeyInfoPem()}\n{rsa.ExportSubjectPublicKeyInfoPem()}\n";

        Assert.Equal(2, SigningKeys.Parse(Encoding.UTF8.GetBytes(pem)).Keys.Count);
        Assert.Single(SigningKeys.Parse(Encoding.UTF8.GetBytes(Jwks())).Keys);
        using var certificates = new TestCertificates(_folder.Path);
        Assert.Single(SigningKeys.Parse(File.ReadAllBytes(certificates.CaFile)).Keys);
    }

    [Fact]
    public void Parse_PrivateOrSharedKey_IsRefused()
    {
        var secret = "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}";

        foreach (var file in new[] { _key.ExportPkcs8PrivateKeyPem(), secret, "{\"keys\": []}", "", "{\"keys\": 5}" })
        {
            Assert.Throws<FormatException>(() => SigningKeys.Parse(Encoding.UTF8.GetBytes(file)));
        }
    }

    private async Task<TestServer> StartAsync(params (string, string)[] settings)
    {
        await File.WriteAllTextAsync(_folder.File("jwks.json"), Jwks(), Cancellation);
        return await TestServer.StartAsync(
            [
                ("Security:Jwt:Issuer", AccessSetup.Issuer), ("Security:Jwt:Audience", AccessSetup.Audience),
                ("Security:Jwt:KeysFile", _folder.File("jwks.json")), .. settings,
            ]);
    }

    private async Task<WebApplication> StartIssuerAsync()
    {
        var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Text(
            $"{{\"issuer\": \"{AccessSetup.Issuer}\", \"jwks_uri\": \"http://{request.Host}/keys\"}}"));
        app.MapGet("/keys", () => Results.Text(Jwks()));
        await app.StartAsync(Cancellation);
        return app;
    }

    private string Jwks()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return $"{{\"keys\": [{{\"kty\": \"EC\", \"crv\": \"P-256\", \"use\": \"sig\", "
            + $"\"x\": \"{Base64UrlEncoder.Encode(point.X)}\", \"y\": \"{Base64UrlEncoder.Encode(point.Y)}\"}}]}}";
    }

    private string Token(
        string tenant = "a", TimeSpan? lifetime = null, string issuer = AccessSetup.Issuer,
        string audience = AccessSetup.Audience) =>
        AccessSetup.Token(_key, "x", tenant, ["read"], lifetime, issuer, audience);

    /// <summary>A token with algorithm "none".</summary>
    private string Unsigned()
    {
        var header = Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");
        return $"{header}.{Token().Split('.')[1]}.";
    }

    /// <summary>A token that uses the public key as a shared secret.</summary>
    private string WithSharedSecret()
    {
        var header = Base64UrlEncoder.Encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        var text = $"{header}.{Token().Split('.')[1]}";
        var hash = HMACSHA256.HashData(_key.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(text));
        return $"{text}.{Base64UrlEncoder.Encode(hash)}";
    }

    private static AsyncUnaryCall<ListPipelinesResponse> CallAsync(
        TestServer server, string token) => server.Jobs.ListPipelinesAsync(
            new ListPipelinesRequest(), Headers(token), cancellationToken: Cancellation);

    private static Metadata Headers(string token) => new() { { "authorization", $"Bearer {token}" } };
}
