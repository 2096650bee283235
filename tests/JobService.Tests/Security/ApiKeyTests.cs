using CsCheck;
using ForegSyte.Client;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

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

        // Who has no right key is not told that there was one, nor that it has expired.
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

        Assert.True(ApiKeyText.TryParse(key.Reveal(), out var read));
        Assert.Equal(key, read);
        Assert.Equal(43, key.Secret.Length);
    }

    [Theory]
    [InlineData("""{"keys": [{"id": "A", "tenant": "t", "permissions": ["read"], "hash": "HASH"}]}""", "needs an id")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "", "permissions": ["read"], "hash": "HASH"}]}""", "needs a tenant")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": [], "hash": "HASH"}]}""", "needs permissions")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": ["x"], "hash": "HASH"}]}""", "none of submit")]
    [InlineData(
        """{"keys": [{"id": "a", "tenant": "t", "permissions": ["read"], "hash": "fgs_a.b"}]}""", "needs a hash")]
    [InlineData("""{"keys": [{"id": "a", "expires": "2020-01-01"}]}""", "expires")]
    [InlineData("""{"kees": []}""", "kees")]
    [InlineData("{", "no file of API keys")]
    public void Parse_WhatIsNotRight_IsRefusedAndToldWhy(string file, string expected)
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
            "two keys", Assert.Throws<FormatException>(() => ApiKeyFile.Parse(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ApiKey_TwoOfThem_IsNone()
    {
        var headers = new HeaderDictionary { ["x-api-key"] = new[] { "fgs_a.b", "fgs_c.d" } };

        Assert.Equal("", PresentedCredentials.ApiKey(headers));
    }

    [Fact]
    [Reaches(ErrorReason.Unauthenticated)]
    public async Task Call_WithTheKeyAsBearer_IsLetThrough_AndAKeyDecidesBeforeIt()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        var key = setup.Callers["read"].ApiKey!;

        await service.Client.ListPipelinesAsync(
            new ListPipelinesRequest(), new Metadata { { "authorization", $"Bearer {key}" } },
            cancellationToken: Cancellation);
        var refusal = await Answers.RefusalAsync(service.Client.ListPipelinesAsync(
            new ListPipelinesRequest(),
            new Metadata { { "authorization", $"Bearer {key}" }, { "x-api-key", "no key" } },
            cancellationToken: Cancellation));

        Assert.Equal(
            ("UNAUTHENTICATED", "malformed", "/foregsyte.v1.JobService/ListPipelines"),
            (refusal.Reason, refusal.Metadata["problem"], refusal.Metadata["method"]));
    }

    [Fact]
    [Reaches(ErrorReason.PermissionDenied)]
    public async Task Call_WithoutThePermission_IsToldWhichOne()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var channel = Answers.ChannelOf(service.Address, setup.Callers["read"]);

        var refusal = await Answers.RefusalAsync(new Contract.JobServiceClient(channel).SubmitVideoAsync(
            new SubmitVideoRequest(), cancellationToken: Cancellation));

        Assert.Equal(
            ("PERMISSION_DENIED", "submit", "key:read"),
            (refusal.Reason, refusal.Metadata["permission"], refusal.Metadata["caller"]));
    }

    [Fact]
    public async Task KeysFile_Changed_HoldsForTheNextCalls_AndABrokenOneChangesNothing()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var old = Answers.ChannelOf(service.Address, setup.Callers["read"]);
        await ListAsync(old.CreateCallInvoker());

        var made = NewApiKey.Make("new", "a", ["read"], null);
        using var next = Answers.ChannelOf(service.Address, new ClientCredentials { ApiKey = made.Key.Reveal() });
        AccessSetup.WriteKeys(setup.File("keys.json"), [made]);
        await UntilAsync(async () => await AnswerAsync(next) == Answers.Yes);
        Assert.Equal("UNAUTHENTICATED", await AnswerAsync(old));

        await File.WriteAllTextAsync(setup.File("keys.json"), "{\"keys\": [", Cancellation);
        await UntilAsync(() => Task.FromResult(
            service.LogLines.Any(line => line.Contains("cannot be used", StringComparison.Ordinal))));
        Assert.Equal(Answers.Yes, await AnswerAsync(next));
    }

    private static Task<string> AnswerAsync(GrpcChannel channel) =>
        Answers.ToAsync(options => ListAsync(channel.CreateCallInvoker(), options));

    private static Task<ListPipelinesResponse> ListAsync(CallInvoker invoker, CallOptions options = default) =>
        new Contract.JobServiceClient(invoker).ListPipelinesAsync(new ListPipelinesRequest(), options).ResponseAsync;

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await isSo())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private static Task<RunningJobService> StartAsync(AccessSetup setup) => RunningJobService.StartAsync(
        RunningJobService.NotServing(), [.. setup.Settings, ("Security:FilePollInterval", "00:00:00.0200000")]);

    private static ApiKeySet Keys(NewApiKey made) =>
        ApiKeyFile.Parse(System.Text.Encoding.UTF8.GetBytes($"{{\"keys\": [{made.Entry}]}}"));

    private static string ProblemOf(NewApiKey made, ApiKeyText key, DateTimeOffset now) =>
        Assert.Throws<CredentialException>(() => Keys(made).Identify(key, now)).Problem;
}
