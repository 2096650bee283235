using CsCheck;
using ForegSyte.Client;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class ApiKeyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Identify_TheKeyThatWasMade_IsItsCaller()
    {
        var made = NewApiKey.Make("ci-1", "acme", ["submit", "read"], Noon);

        var caller = Keys(made).Identify(made.Key, Noon.AddTicks(-1));

        Assert.Equal(new Caller("key:ci-1", "acme", CallerPermissions.Submit | CallerPermissions.Read), caller);
        Assert.DoesNotContain(made.Key.Secret, made.Entry + made.Key, StringComparison.Ordinal);
    }

    [Fact]
    public void Identify_ExpiredOtherSecretOrUnknown_IsRefused()
    {
        var made = NewApiKey.Make("ci-1", "acme", ["read"], Noon);

        Assert.Equal("expired", ProblemOf(made, made.Key, Noon));

        // The error does not reveal that the id exists or that the key has expired.
        Assert.Equal("unknown", ProblemOf(made, ApiKeyText.New("ci-1"), Noon));
        Assert.Equal("unknown", ProblemOf(made, ApiKeyText.New("ci-2"), Noon.AddDays(-1)));
    }

    [Fact]
    public void TryParse_AnyOtherText_IsNoKeyOrTheSameText() =>
        Gen.OneOf(Gen.String, Gen.String.Select(text => $"fgs_a.{text}"), Gen.String[Gen.Char["fgs_.a-"], 0, 60])
            .Sample(text => !ApiKeyText.TryParse(text, out var key) || key.Reveal() == text);

    [Fact]
    public void TryParse_WhatReveals_IsTheKey()
    {
        var key = ApiKeyText.New("a-1");

        Assert.True(ApiKeyText.TryParse(key.Reveal(), out var read), "The key does not parse.");
        Assert.Equal(key, read);
        Assert.Equal(43, key.Secret.Length);
    }

    [Theory]
    [InlineData("""{"keys": [{"id": "A", "tenant": "t", "permissions": ["read"], "hash": "HASH"}]}""", "needs an id")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "", "permissions": ["read"], "hash": "HASH"}]}""", "needs a tenant")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": [], "hash": "HASH"}]}""", "needs permissions")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": ["x"], "hash": "HASH"}]}""", "an unknown")]
    [InlineData(
        """{"keys": [{"id": "a", "tenant": "t", "permissions": ["read"], "hash": "fgs_a.b"}]}""", "needs a hash")]
    [InlineData("""{"keys": [{"id": "a", "expires": "2020-01-01"}]}""", "expires")]
    [InlineData("""{"kees": []}""", "kees")]
    [InlineData("{", "not a valid list of API keys")]
    public void Parse_InvalidFile_IsRefusedWithTheProblem(string file, string expected)
    {
        var hash = ApiKeyHash.Of("x").ToString();
        var content = System.Text.Encoding.UTF8.GetBytes(file.Replace("HASH", hash, StringComparison.Ordinal));

        var failure = Assert.Throws<FormatException>(() => ApiKeyFile.Parse(content));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TwoKeysWithOneId_IsRefused()
    {
        var entry = NewApiKey.Make("a", "t", ["read"], null).Entry;
        var file = System.Text.Encoding.UTF8.GetBytes($"{{\"keys\": [{entry}, {entry}]}}");

        Assert.Contains(
            "Two keys", Assert.Throws<FormatException>(() => ApiKeyFile.Parse(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ApiKey_TwoHeaders_IsNone()
    {
        var headers = new HeaderDictionary { ["x-api-key"] = new[] { "fgs_a.b", "fgs_c.d" } };

        Assert.Equal("", PresentedCredentials.ApiKey(headers));
    }

    [Fact]
    [Reaches(ErrorReason.Unauthenticated)]
    public async Task Call_WithTheKeyAsBearer_IsAllowed_AndTheKeyHeaderTakesPrecedence()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync(setup);
        var key = setup.Callers["read"].ApiKey!;

        await server.Jobs.ListPipelinesAsync(
            new ListPipelinesRequest(), new Metadata { { "authorization", $"Bearer {key}" } },
            cancellationToken: Cancellation);
        var refusal = await AccessOutcome.RefusalAsync(server.Jobs.ListPipelinesAsync(
            new ListPipelinesRequest(),
            new Metadata { { "authorization", $"Bearer {key}" }, { "x-api-key", "no key" } },
            cancellationToken: Cancellation));

        Assert.Equal(
            ("UNAUTHENTICATED", "malformed", "/foregsyte.v1.JobService/ListPipelines"),
            (refusal.Reason, refusal.Metadata["problem"], refusal.Metadata["method"]));
    }

    [Fact]
    [Reaches(ErrorReason.PermissionDenied)]
    public async Task Call_WithoutThePermission_IsRefusedWithIt()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync(setup);
        using var channel = AccessOutcome.ChannelOf(server.Address, setup.Callers["read"]);

        var refusal = await AccessOutcome.RefusalAsync(new Contract.JobServiceClient(channel).SubmitVideoAsync(
            new SubmitVideoRequest(), cancellationToken: Cancellation));

        Assert.Equal(
            ("PERMISSION_DENIED", "submit", "key:read"),
            (refusal.Reason, refusal.Metadata["permission"], refusal.Metadata["caller"]));
    }

    [Fact]
    public async Task KeysFile_Changed_AppliesToTheNextCalls_AndAnInvalidOneChangesNothing()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync(setup);
        using var old = AccessOutcome.ChannelOf(server.Address, setup.Callers["read"]);
        await ListAsync(old.CreateCallInvoker());

        var made = NewApiKey.Make("new", "a", ["read"], null);
        using var next = AccessOutcome.ChannelOf(server.Address, new ClientCredentials { ApiKey = made.Key.Reveal() });
        AccessSetup.WriteKeys(setup.File("keys.json"), [made]);
        await Wait.ForAsync(
            () => OutcomeAsync(next), outcome => outcome == AccessOutcome.Allowed, "the new key is accepted");
        Assert.Equal("UNAUTHENTICATED", await OutcomeAsync(old));

        await File.WriteAllTextAsync(setup.File("keys.json"), "{\"keys\": [", Cancellation);
        await Wait.UntilAsync(
            () => server.Log.GetSnapshot().Any(
                line => line.Message.Contains("has an invalid change", StringComparison.Ordinal)),
            "the log reports the invalid change");
        Assert.Equal(AccessOutcome.Allowed, await OutcomeAsync(next));
    }

    private static Task<string> OutcomeAsync(GrpcChannel channel) =>
        AccessOutcome.OfAsync(options => ListAsync(channel.CreateCallInvoker(), options));

    private static Task<ListPipelinesResponse> ListAsync(CallInvoker invoker, CallOptions options = default) =>
        new Contract.JobServiceClient(invoker).ListPipelinesAsync(new ListPipelinesRequest(), options).ResponseAsync;

    private static Task<TestServer> StartAsync(AccessSetup setup) =>
        TestServer.StartAsync([.. setup.Settings, ("Security:FilePollInterval", "00:00:00.0200000")]);

    private static ApiKeySet Keys(NewApiKey made) =>
        ApiKeyFile.Parse(System.Text.Encoding.UTF8.GetBytes($"{{\"keys\": [{made.Entry}]}}"));

    private static string ProblemOf(NewApiKey made, ApiKeyText key, DateTimeOffset now) =>
        Assert.Throws<CredentialException>(() => Keys(made).Identify(key, now)).Problem;
}
