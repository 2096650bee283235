using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ForegSyte.Hosting.Security;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
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

    /// <summary>The library's claims hide the types: a list with one tenant was that tenant, the number 5 was "5".
    /// </summary>
    [Fact]
    public async Task Call_ClaimsOfWrongTypes_AreRefusedWithTheClaim()
    {
        await using var server = await StartAsync();

        foreach (var (claim, value) in new (string, object)[]
        {
            ("tenant", new[] { "a" }), ("tenant", new[] { "a", "b" }), ("tenant", 5), ("tenant", true),
            ("tenant", new Dictionary<string, object> { ["a"] = 1 }), ("tenant", "a\u202eb"),
            ("sub", new[] { "x" }), ("sub", 5), ("sub", ""), ("sub", new string('x', 256)),
            ("permissions", 5), ("permissions", true), ("permissions", new object[] { "read", 5 }),
            ("permissions", new Dictionary<string, object> { ["read"] = true }),
            ("permissions", new object[] { new[] { "read" } }),
        })
        {
            var claims = new Dictionary<string, object>
            {
                ["sub"] = "x",
                ["tenant"] = "a",
                ["permissions"] = new[] { "read" },
                [claim] = value,
            };

            var refusal = await Refusal.OfAsync(CallAsync(server, AccessSetup.Sign(_key, claims)));

            // The library itself refuses a list in "sub", as a token that it cannot read.
            var isUnreadable = claim == "sub" && value is string[];
            Assert.Equal(
                (claim, isUnreadable ? "unknown" : "malformed", isUnreadable ? null : claim),
                (claim, refusal.Info.Metadata["problem"], refusal.Info.Metadata.GetValueOrDefault("claim")));
            Assert.Contains(isUnreadable ? "signed" : $"\"{claim}\"", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Call_TokenWithoutPermissions_IsDenied()
    {
        await using var server = await StartAsync();
        var claims = new Dictionary<string, object> { ["sub"] = "x", ["tenant"] = "a" };

        var refusal = await AccessOutcome.RefusalAsync(CallAsync(server, AccessSetup.Sign(_key, claims)));

        Assert.Equal(("PERMISSION_DENIED", "token:x"), (refusal.Reason, refusal.Metadata["caller"]));
    }

    [Fact]
    public async Task Call_LongestNameOfACaller_IsAccepted()
    {
        await using var server = await StartAsync();

        var reply = await CallAsync(server, AccessSetup.Token(_key, new string('x', 255), "a", ["read"]));

        Assert.NotEmpty(reply.Pipelines);
    }

    [Fact]
    public async Task Call_TwoClaimsOfOneName_AreRefused()
    {
        await using var server = await StartAsync();
        var payload = Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(Token().Split('.')[1]));

        var refusal = await Refusal.OfAsync(
            CallAsync(server, Signed("{\"alg\":\"ES256\"}", "{\"tenant\":\"b\"," + payload[1..])));

        Assert.Equal("malformed", refusal.Info.Metadata["problem"]);
        Assert.Contains("not valid JSON", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"crit\":[\"b64\"],\"b64\":false")]
    [InlineData("\"crit\":[\"exp\"],\"exp\":1")]
    [InlineData("\"crit\":[]")]
    public async Task Call_CriticalHeader_IsRefused(string header)
    {
        await using var server = await StartAsync();
        var payload = Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(Token().Split('.')[1]));
        Assert.NotEmpty((await CallAsync(server, Signed("{\"alg\":\"ES256\"}", payload))).Pipelines);

        var refusal = await Refusal.OfAsync(
            CallAsync(server, Signed($"{{\"alg\":\"ES256\",{header}}}", payload)));

        Assert.Equal(
            ("malformed", "crit"), (refusal.Info.Metadata["problem"], refusal.Info.Metadata["claim"]));
        Assert.Contains("\"crit\"", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_TypeOfToken_MustBeAConfiguredOne()
    {
        await using var server = await StartAsync(("Security:Jwt:TokenTypes:0", "at+jwt"));
        var payload = Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(Token().Split('.')[1]));

        foreach (var type in new[] { "", ",\"typ\":\"JWT\"", ",\"typ\":\"ID\"" })
        {
            var refusal = await Refusal.OfAsync(
                CallAsync(server, Signed($"{{\"alg\":\"ES256\"{type}}}", payload)));
            Assert.Equal("unknown", refusal.Info.Metadata["problem"]);
            Assert.Contains("another type", refusal.Message, StringComparison.Ordinal);
        }

        var access = Signed("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", payload);
        Assert.NotEmpty((await CallAsync(server, access)).Pipelines);
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
        Assert.Equal(
            ("PERMISSION_DENIED", "submit", "token:x"),
            (refusal.Reason, refusal.Metadata["permission"], refusal.Metadata["caller"]));
    }

    [Fact]
    public async Task Call_KeysOfTheIssuersMetadata_AreFetched()
    {
        // A shared secret among the keys must verify no token: everyone who knows it could create them.
        var secret = RandomNumberGenerator.GetBytes(32);
        await using var issuer = await StartIssuerAsync(SigningKeysTests.Jwks(_key).Replace(
            "[{", $"[{{\"kty\": \"oct\", \"k\": \"{Base64UrlEncoder.Encode(secret)}\"}}, {{",
            StringComparison.Ordinal));
        var address = issuer.Urls.Single();
        await using var server = await TestServer.StartAsync(
            ("Security:Jwt:Issuer", AccessSetup.Issuer),
            ("Security:Jwt:Audience", AccessSetup.Audience),
            ("Security:Jwt:MetadataAddress", $"{address}/.well-known/openid-configuration"));

        Assert.NotEmpty((await CallAsync(server, Token())).Pipelines);
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var token in new[] { AccessSetup.Token(foreign, "x", "a", ["read"]), WithSharedSecret(secret) })
        {
            var refusal = await AccessOutcome.RefusalAsync(CallAsync(server, token));
            Assert.Equal("UNAUTHENTICATED", refusal.Reason);
        }
    }

    [Fact]
    public async Task Call_TokenOfACertificate_IsAcceptedUntilTheCertificateExpires()
    {
        using var rsa = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest("CN=issuer", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var payload = Token().Split('.')[1];
        var text = $"{Base64UrlEncoder.Encode("{\"alg\":\"RS256\"}")}.{payload}";
        var signature = rsa.SignData(
            Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        foreach (var (end, expected) in new[] { (1, AccessOutcome.Allowed), (-1, "UNAUTHENTICATED") })
        {
            using var certificate = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(end));
            await File.WriteAllTextAsync(_folder.File("issuer.pem"), certificate.ExportCertificatePem(), Cancellation);
            await using var server = await StartAsync(("Security:Jwt:KeysFile", _folder.File("issuer.pem")));

            var outcome = await AccessOutcome.OfAsync(
                _ => CallAsync(server, $"{text}.{Base64UrlEncoder.Encode(signature)}").ResponseAsync);

            Assert.Equal((end, expected), (end, outcome));
        }
    }

    /// <summary>A proxy of the environment could answer for an issuer on this machine, with keys of its own.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:1", false)]
    [InlineData("http://[::1]:1", false)]
    [InlineData("https://localhost:1", false)]
    [InlineData("https://issuer.test", true)]
    public async Task Metadata_OfAnIssuerOnThisMachine_IsFetchedWithoutProxy(string issuer, bool useProxy)
    {
        await using var server = await TestServer.StartAsync(
            ("Security:Jwt:Issuer", AccessSetup.Issuer), ("Security:Jwt:Audience", AccessSetup.Audience),
            ("Security:Jwt:MetadataAddress", $"{issuer}/.well-known/openid-configuration"));

        var bearer = server.Services.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>()
            .Get(AuthenticationSchemes.Jwt);

        Assert.Equal(useProxy, Assert.IsType<SocketsHttpHandler>(bearer.BackchannelHttpHandler).UseProxy);
    }

    [Theory]
    [InlineData("needs Issuer and Audience", "Audience=x", "KeysFile=/x")]
    [InlineData("needs Issuer and Audience", "KeysFile=/x")]
    [InlineData("needs Issuer and Audience", "Issuer=", "Audience=x", "KeysFile=/x")]
    [InlineData("needs Issuer and Audience", "Issuer=x", "Audience=", "KeysFile=/x")]
    [InlineData("needs either KeysFile or MetadataAddress", "Issuer=x", "Audience=x")]
    [InlineData(
        "needs either KeysFile or MetadataAddress", "Issuer=x", "Audience=x", "KeysFile=/x",
        "MetadataAddress=https://x.test")]
    [InlineData("needs either KeysFile or MetadataAddress", "Issuer=x", "Audience=x", "KeysFile=")]
    [InlineData("must be https", "Issuer=x", "Audience=x", "MetadataAddress=http://10.0.0.1/")]
    [InlineData("must be https", "Issuer=x", "Audience=x", "MetadataAddress=ftp://127.0.0.1/")]
    [InlineData("must be https", "Issuer=x", "Audience=x", "MetadataAddress=x/y")]
    public async Task Start_IncompleteOrUnsafeSettings_IsRefused(string expected, params string[] settings)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => TestServer.StartAsync(
        [
            .. settings.Select(setting => setting.Split('=', 2))
                .Select(parts => ($"Security:Jwt:{parts[0]}", parts[1])),
        ]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-60, null)]
    [InlineData(-600, "expired")]
    public async Task Call_ExpiredToken_IsAcceptedWithinTheClockSkew(int seconds, string? problem)
    {
        await using var server = await StartAsync(("Security:Jwt:ClockSkew", "00:05:00"));
        var call = CallAsync(server, Token(lifetime: TimeSpan.FromSeconds(seconds)));

        if (problem is null)
        {
            Assert.NotEmpty((await call).Pipelines);
        }
        else
        {
            Assert.Equal(problem, (await AccessOutcome.RefusalAsync(call)).Metadata["problem"]);
        }
    }

    [Fact]
    public async Task Call_TokenWithoutAnEndOrBeforeItsBegin_IsRefused()
    {
        await using var server = await StartAsync();
        var claims = $"\"iss\":\"{AccessSetup.Issuer}\",\"aud\":\"{AccessSetup.Audience}\",\"sub\":\"x\","
            + "\"tenant\":\"a\",\"permissions\":[\"read\"]";
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        var valid = Signed("{\"alg\":\"ES256\"}", $"{{{claims},\"exp\":{now + 3600}}}");
        Assert.NotEmpty((await CallAsync(server, valid)).Pipelines);
        foreach (var (times, part) in new[]
        {
            ("\"iat\":1", "signed"), ($"\"nbf\":{now + 1800},\"exp\":{now + 3600}", "not valid yet"),
        })
        {
            var refusal = await Refusal.OfAsync(
                CallAsync(server, Signed("{\"alg\":\"ES256\"}", $"{{{claims},{times}}}")));
            Assert.Equal("unknown", refusal.Info.Metadata["problem"]);
            Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
        }
    }

    private async Task<TestServer> StartAsync(params (string, string)[] settings)
    {
        await File.WriteAllTextAsync(_folder.File("jwks.json"), SigningKeysTests.Jwks(_key), Cancellation);
        return await TestServer.StartAsync(
            [
                ("Security:Jwt:Issuer", AccessSetup.Issuer), ("Security:Jwt:Audience", AccessSetup.Audience),
                ("Security:Jwt:KeysFile", _folder.File("jwks.json")), .. settings,
            ]);
    }

    private async Task<WebApplication> StartIssuerAsync(string keys)
    {
        var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => Results.Text(
            $"{{\"issuer\": \"{AccessSetup.Issuer}\", \"jwks_uri\": \"http://{request.Host}/keys\"}}"));
        app.MapGet("/keys", () => Results.Text(keys));
        await app.StartAsync(Cancellation);
        return app;
    }

    private string Token(
        string tenant = "a", TimeSpan? lifetime = null, string issuer = AccessSetup.Issuer,
        string audience = AccessSetup.Audience) =>
        AccessSetup.Token(_key, "x", tenant, ["read"], lifetime, issuer, audience);

    /// <summary>A token of any header and payload with a valid signature.</summary>
    private string Signed(string header, string payload)
    {
        var text = $"{Base64UrlEncoder.Encode(header)}.{Base64UrlEncoder.Encode(payload)}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256);
        return $"{text}.{Base64UrlEncoder.Encode(signature)}";
    }

    /// <summary>A token with algorithm "none".</summary>
    private string Unsigned()
    {
        var header = Base64UrlEncoder.Encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");
        return $"{header}.{Token().Split('.')[1]}.";
    }

    /// <summary>A token that is signed with a shared secret, by default the public key.</summary>
    private string WithSharedSecret(byte[]? secret = null)
    {
        var header = Base64UrlEncoder.Encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        var text = $"{header}.{Token().Split('.')[1]}";
        var hash = HMACSHA256.HashData(
            secret ?? _key.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(text));
        return $"{text}.{Base64UrlEncoder.Encode(hash)}";
    }

    private static AsyncUnaryCall<ListPipelinesResponse> CallAsync(
        TestServer server, string token) => server.Jobs.ListPipelinesAsync(
            new ListPipelinesRequest(), Headers(token), cancellationToken: Cancellation);

    private static Metadata Headers(string token) => new() { { "authorization", $"Bearer {token}" } };
}
