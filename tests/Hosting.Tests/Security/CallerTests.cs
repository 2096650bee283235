using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>Callers, their grants and their credentials.</summary>
public sealed class CallerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Caller_OfATenant_SeesItAloneAndMayWhatItIsGranted()
    {
        var caller = new Caller("x", "a", CallerPermissions.Read);

        Assert.Equal((false, "a"), (caller.IsAdmin, caller.VisibleTenant));
        Assert.Equal((true, false), (caller.CanSee("a"), caller.CanSee("b")));
        Assert.Equal(
            (true, false, false),
            (
                caller.May(CallerPermissions.Read), caller.May(CallerPermissions.Submit),
                caller.May(CallerPermissions.Admin)
            ));
    }

    [Fact]
    public void Caller_Admin_SeesEveryTenantAndMayEverything()
    {
        var admin = new Caller("x", "a", CallerPermissions.Admin);

        Assert.Equal((true, null), (admin.IsAdmin, admin.VisibleTenant));
        Assert.True(admin.CanSee("b"), "An admin does not see another tenant.");
        Assert.All(
            [CallerPermissions.Read, CallerPermissions.Submit, CallerPermissions.Admin],
            permission => Assert.True(admin.May(permission), $"An admin lacks {permission}."));
    }

    [Theory]
    [InlineData(CallerPermissions.Read, true)]
    [InlineData(CallerPermissions.Submit, true)]
    [InlineData(CallerPermissions.Admin, true)]
    [InlineData(CallerPermissions.None, false)]
    public void Allows_RuleWithTwoPermissions_NeedsOneOfThem(CallerPermissions permissions, bool expected) =>
        Assert.Equal(expected, RpcRule.ReadOrSubmit.Allows(new Caller("x", "a", permissions)));

    [Theory]
    [InlineData(CallerPermissions.Read, true)]
    [InlineData(CallerPermissions.Submit, false)]
    [InlineData(CallerPermissions.None, false)]
    public void Allows_RuleWithOnePermission_NeedsIt(CallerPermissions permissions, bool expected) =>
        Assert.Equal(expected, RpcRule.Read.Allows(new Caller("x", "a", permissions)));

    [Theory]
    [InlineData(100, "")]
    [InlineData(101, "tenant of 1 to 100")]
    [InlineData(0, "tenant of 1 to 100")]
    public void Parse_LengthOfATenant_IsLimited(int length, string problem)
    {
        var tenant = new string('t', length);

        if (problem.Length == 0)
        {
            Assert.Equal(
                new CallerGrant(tenant, CallerPermissions.Submit | CallerPermissions.Read),
                CallerGrant.Parse("It", tenant, ["submit", "read"]));
        }
        else
        {
            Assert.Contains(
                problem, Assert.Throws<FormatException>(() => CallerGrant.Parse("It", tenant, ["read"])).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\u00a0b")]
    [InlineData("a\u0007")]
    [InlineData("a\u202eb")]
    public void Parse_TenantWithWhiteSpaceOrControlCharacters_IsRefused(string tenant) =>
        Assert.Throws<FormatException>(() => CallerGrant.Parse("It", tenant, ["read"]));

    [Fact]
    public void Permissions_OtherNames_AreIgnoredInTokensAndRefusedInTheConfiguration()
    {
        Assert.Equal(
            CallerPermissions.Read | CallerPermissions.Admin,
            CallerGrant.PermissionsAmong(["read", "openid", "admin", "READ "]));
        Assert.Equal(CallerPermissions.None, CallerGrant.PermissionsAmong(["Submit"]));
        Assert.Throws<FormatException>(() => CallerGrant.Parse("It", "a", ["read", "Submit"]));
        Assert.Throws<FormatException>(() => CallerGrant.Parse("It", "a", []));
        Assert.Equal(CallerPermissions.Read, CallerGrant.Parse("It", "a", ["read", "read"]).Permissions);
        Assert.Equal("submit", CallerGrant.NameOf(CallerPermissions.Submit));
    }

    [Theory]
    [InlineData("Bearer fgs_a.b", "fgs_a.b")]
    [InlineData("bearer  fgs_a.b ", "fgs_a.b")]
    [InlineData("Bearer eyJ.x.y", null)]
    [InlineData("Bearer FGS_a.b", null)]
    [InlineData("Basic fgs_a.b", null)]
    [InlineData(null, null)]
    public void ApiKey_InTheAuthorizationHeader_IsABearerTokenWithThePrefix(string? header, string? expected)
    {
        var headers = new HeaderDictionary();
        if (header is not null)
        {
            headers["authorization"] = header;
        }

        Assert.Equal(expected, PresentedCredentials.ApiKey(headers));
        Assert.Equal(header is not null, PresentedCredentials.HasAuthorization(headers));
    }

    [Fact]
    public void ApiKey_TwoAuthorizationHeaders_IsNone() => Assert.Null(PresentedCredentials.ApiKey(
        new HeaderDictionary { ["authorization"] = new[] { "Bearer fgs_a.b", "Bearer fgs_c.d" } }));

    [Fact]
    public void Choose_WithoutConfiguredCredentials_IsAnonymousWhateverACallCarries()
    {
        var call = Call("x-api-key", "fgs_a.b");
        call.Features.Set(LocalConnection.Instance);

        Assert.Equal(AuthenticationSchemes.Anonymous, AuthenticationSchemes.Choose(call, Rules(new(), new())));
    }

    [Fact]
    public void Choose_FirstCredentialOfACall_Decides()
    {
        var keys = Rules(new SecurityOptions { ApiKeysFile = "keys.json" }, new());
        var both = Rules(new SecurityOptions { ApiKeysFile = "keys.json" }, new JwtOptions { Issuer = "x" });
        using var certificates = new TestCertificates(_folder.Path);
        using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader
            .LoadCertificateFromFile(certificates.CaFile);

        var token = Call("authorization", "Bearer eyJ.x.y");
        token.Features.Set(LocalConnection.Instance);
        token.Connection.ClientCertificate = certificate;
        Assert.Equal(AuthenticationSchemes.Jwt, AuthenticationSchemes.Choose(token, both));
        Assert.Equal(AuthenticationSchemes.ApiKey, AuthenticationSchemes.Choose(token, keys));

        token.Request.Headers["x-api-key"] = "";
        Assert.Equal(AuthenticationSchemes.ApiKey, AuthenticationSchemes.Choose(token, both));

        var local = new DefaultHttpContext();
        local.Connection.ClientCertificate = certificate;
        Assert.Equal(AuthenticationSchemes.Certificate, AuthenticationSchemes.Choose(local, both));
        local.Features.Set(LocalConnection.Instance);
        Assert.Equal(AuthenticationSchemes.Local, AuthenticationSchemes.Choose(local, both));
        Assert.Equal(AuthenticationSchemes.Anonymous, AuthenticationSchemes.Choose(new DefaultHttpContext(), both));
    }

    [Fact]
    public void Rules_AnyConfiguredCredential_ClosesTheService()
    {
        var open = Rules(new SecurityOptions { AllowAnonymous = true, ApiKeysFile = "" }, new());
        Assert.Equal((true, true, false), (open.IsOpen, open.AllowAnonymous, open.HasJwt));

        Assert.False(Rules(new SecurityOptions { ApiKeysFile = "x" }, new()).IsOpen, "A file of keys leaves it open.");
        Assert.False(Rules(new SecurityOptions { ApiKeys = { new() } }, new()).IsOpen, "A key leaves it open.");
        Assert.False(
            Rules(new SecurityOptions { Certificates = { new() } }, new()).IsOpen, "A certificate leaves it open.");
        Assert.All(
            [
                new JwtOptions { Issuer = "x" }, new JwtOptions { Audience = "x" }, new JwtOptions { KeysFile = "x" },
                new JwtOptions { MetadataAddress = new Uri("https://x") },
            ],
            jwt => Assert.Equal((false, true), (Rules(new(), jwt).IsOpen, Rules(new(), jwt).HasJwt)));
    }

    [Fact]
    public void Caller_OfACallThatWasNotAuthenticated_IsADefect()
    {
        var call = new DefaultHttpContext();
        Assert.Null(call.FindCaller());
        Assert.Throws<InvalidOperationException>(() => call.Caller());

        var caller = new Caller("key:x", "a", CallerPermissions.Read);
        call.User = CallerTickets.PrincipalOf(caller, AuthenticationSchemes.ApiKey);
        Assert.Equal((caller, "key:x"), (call.Caller(), call.User.Identity?.Name));
        Assert.True(call.User.Identity?.IsAuthenticated, "The identity is not authenticated.");
    }

    [Fact]
    public async Task PassedCredentials_OfACallWithHeaders_AreThoseAndItsAddress()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync([.. setup.Settings]);
        Metadata? passed = null;
        (bool Has, bool HasOther) headers = default;
        server.JobService.OnSubmit = context =>
        {
            passed = PassedCredentials.Of(context);
            headers = (PassedCredentials.HasHeader(context, "X-Api-Key"), PassedCredentials.HasHeader(context, "x"));
            return Task.CompletedTask;
        };
        var key = setup.Callers["submit"].ApiKey!;

        await server.Jobs.SubmitVideoAsync(
            new SubmitVideoRequest(), new Metadata { { "x-api-key", key } }, cancellationToken: Cancellation);
        Assert.Equal(
            [("x-api-key", key), ("x-forwarded-for", "127.0.0.1")], passed!.Select(entry => (entry.Key, entry.Value)));
        Assert.Equal((true, false), headers);

        await server.Jobs.SubmitVideoAsync(
            new SubmitVideoRequest(), new Metadata { { "authorization", $"Bearer {key}" } },
            cancellationToken: Cancellation);
        Assert.Equal(
            [("authorization", $"Bearer {key}"), ("x-forwarded-for", "127.0.0.1")],
            passed!.Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public async Task PassedCredentials_OfAnAnonymousCall_AreItsAddressAlone()
    {
        await using var server = await TestServer.StartAsync();
        Metadata? passed = null;
        server.JobService.OnSubmit = context =>
        {
            passed = PassedCredentials.Of(context);
            return Task.CompletedTask;
        };

        await server.Jobs.SubmitVideoAsync(new SubmitVideoRequest(), cancellationToken: Cancellation);

        Assert.Equal(
            [("x-forwarded-for", "127.0.0.1")], passed!.Select(entry => (entry.Key, entry.Value)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PassedCredentials_OfACallOverTheSocket_AreNone(bool hasKeys)
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync(
            [
                .. hasKeys ? setup.Settings : [], ("Listen:UnixSocket", _folder.File("jobs.sock")),
                (TestServer.NoPort, ""),
            ]);
        (Caller Caller, Metadata? Passed)? call = null;
        server.JobService.OnSubmit = context =>
        {
            call = (context.Caller(), PassedCredentials.Of(context));
            return Task.CompletedTask;
        };
        using var channel = AccessOutcome.ChannelOf(new Uri($"unix:{_folder.File("jobs.sock")}"), new());

        await new V1.JobService.JobServiceClient(channel).SubmitVideoAsync(
            new SubmitVideoRequest(), cancellationToken: Cancellation);

        // Nobody else can authenticate the admin of the socket; without authentication there is nothing to pass.
        Assert.Equal(
            hasKeys ? new Caller("local", "", CallerPermissions.Admin) : Caller.Anonymous, call?.Caller);
        Assert.Equal(hasKeys ? null : 0, call?.Passed?.Count);
    }

    private static AccessRules Rules(SecurityOptions security, JwtOptions jwt) =>
        new(Options.Create(security), Options.Create(jwt));

    private static DefaultHttpContext Call(string header, string value)
    {
        var call = new DefaultHttpContext();
        call.Request.Headers[header] = value;
        return call;
    }
}
