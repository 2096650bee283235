using System.Text;
using CsCheck;
using ForegSyte.Client;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
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
        Assert.DoesNotContain(made.Key.Secret, made.Entry, StringComparison.Ordinal);
        Assert.Equal("fgs_ci-1.…", made.Key.ToString());
    }

    [Fact]
    public void Identify_ExpiredOtherSecretOrUnknown_IsRefused()
    {
        var made = NewApiKey.Make("ci-1", "acme", ["read"], Noon);

        Assert.Equal("expired", ProblemOf(made, made.Key, Noon));
        Assert.Contains(
            "API key", Assert.Throws<CredentialException>(() => Keys(made).Identify(made.Key, Noon)).Message,
            StringComparison.Ordinal);

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
    [InlineData("a", true)]
    [InlineData("0-9", true)]
    [InlineData("a123456789012345678901234567890123456789", true)]
    [InlineData("a1234567890123456789012345678901234567890", false)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("a_b", false)]
    [InlineData("a\n", false)]
    public void Make_Id_IsOfAtMost40LettersDigitsAndHyphens(string id, bool isValid)
    {
        if (isValid)
        {
            var key = NewApiKey.Make(id, "t", ["read"], null).Key;
            Assert.True(ApiKeyText.TryParse($"fgs_{id}.{key.Secret}", out var read), "The key does not parse.");
            Assert.Equal(key, read);
        }
        else
        {
            var failure = Assert.Throws<FormatException>(() => NewApiKey.Make(id, "t", ["read"], null));
            Assert.Contains("id must be", failure.Message, StringComparison.Ordinal);
            Assert.False(
                ApiKeyText.TryParse($"fgs_{id}.{ApiKeyText.New("a").Secret}", out _), "A key with this id parses.");
        }
    }

    [Fact]
    public void Make_InvalidGrant_IsRefusedWithTheKey() => Assert.Contains(
        "The key a", Assert.Throws<FormatException>(() => NewApiKey.Make("a", "t u", ["read"], null)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("fgs_a.", "")]
    [InlineData("fgs_a.", "x")]
    [InlineData("fgs_a..", "")]
    [InlineData("fgs.a", "")]
    [InlineData("fgt_a.", "")]
    public void TryParse_AlmostAKey_IsNone(string start, string more)
    {
        var secret = ApiKeyText.New("a").Secret;
        var text = start == "fgs_a." && more.Length == 0 ? start + secret[1..] : start + secret + more;

        Assert.False(ApiKeyText.TryParse(text, out _), $"{start} with a secret of {text.Length} is a key.");
    }

    [Fact]
    public void Parse_HashOfAnotherSchemeOrLength_IsNone()
    {
        var parts = ApiKeyHash.Of("x").ToString().Split(':');
        var (salt, hash) = (parts[1], parts[2]);
        Assert.Equal(("sha256", 22, 43), (parts[0], salt.Length, hash.Length));

        Assert.True(ApiKeyHash.TryParse($"sha256:{salt}:{hash}", out var read), "The hash does not parse.");
        Assert.Equal((true, false), (read.Matches("x"), read.Matches("y")));
        Assert.All(
            [
                $"sha512:{salt}:{hash}", $"sha256:{salt}:{hash}:", $"sha256:{hash}:{hash}", $"sha256:{salt}:{salt}",
                $"sha256:{salt}:{hash[..^1]}!", $"sha256:{salt[..^1]}!:{hash}", $"sha256::{hash}",
            ],
            text => Assert.False(ApiKeyHash.TryParse(text, out _), $"{text} is a hash."));
    }

    /// <summary>Operators write comments into the file and leave a comma at the end; a key twice hides one.</summary>
    [Fact]
    public void Parse_FileOfAnOperator_CanHaveCommentsAndCommas_AndNoPropertyTwice()
    {
        var made = NewApiKey.Make("a", "bücher", ["read"], null);
        Assert.Contains("\"bücher\"", made.Entry, StringComparison.Ordinal);
        Assert.DoesNotContain("expires_at", made.Entry, StringComparison.Ordinal);

        var keys = ApiKeyFile.Parse(Encoding.UTF8.GetBytes($"// Keys of the gates\n{{\"keys\": [{made.Entry},],}}"));

        Assert.Equal("bücher", keys.Identify(made.Key, Noon).Tenant);
        var twice = made.Entry.Replace("{", "{\"id\": \"b\",", StringComparison.Ordinal);
        Assert.Throws<FormatException>(
            () => ApiKeyFile.Parse(Encoding.UTF8.GetBytes($"{{\"keys\": [{twice}]}}")));
    }

    [Fact]
    public void Identify_KeysOfTheConfigurationAndOfTheFile_AreBothKnown_AndTheConfigurationWins()
    {
        using var folder = new TemporaryFolder();
        var (configured, filed) = (NewApiKey.Make("a", "t", ["read"], null), NewApiKey.Make("b", "u", ["read"], null));
        var hidden = NewApiKey.Make("a", "v", ["read"], null);
        AccessSetup.WriteKeys(folder.File("keys.json"), [filed, hidden]);
        var options = new SecurityOptions { ApiKeys = { ApiKeyFile.ReadEntry(configured.Entry) } };
        using (var alone = Store(options))
        {
            Assert.Equal("t", alone.Identify(configured.Key.Reveal()).Tenant);
            Assert.Equal("unknown", ProblemIn(alone, filed));
        }

        options.ApiKeysFile = folder.File("none.json");
        Assert.StartsWith(
            "Security:ApiKeysFile", Assert.Throws<InvalidFileException>(() => Store(options)).Message,
            StringComparison.Ordinal);
        options.ApiKeysFile = folder.File("keys.json");
        using var both = Store(options);
        Assert.Equal("t", both.Identify(configured.Key.Reveal()).Tenant);
        Assert.Equal("u", both.Identify(filed.Key.Reveal()).Tenant);
        Assert.Equal("unknown", ProblemIn(both, hidden));
        Assert.Contains(
            "fgs_ID.SECRET", Assert.Throws<CredentialException>(() => both.Identify("no key")).Message,
            StringComparison.Ordinal);

        static ApiKeyStore Store(SecurityOptions options) =>
            new(Options.Create(options), TimeProvider.System, NullLogger<ApiKeyStore>.Instance);

        static string ProblemIn(ApiKeyStore store, NewApiKey key) =>
            Assert.Throws<CredentialException>(() => store.Identify(key.Key.Reveal())).Problem;
    }

    [Theory]
    [InlineData("""{"keys": [{"id": "A", "tenant": "t", "permissions": ["read"], "hash": "HASH"}]}""", "needs an id")]
    [InlineData(
        """{"keys": [{"id": "a", "tenant": "", "permissions": ["read"], "hash": "HASH"}]}""",
        "The key a needs a tenant")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": [], "hash": "HASH"}]}""", "needs permissions")]
    [InlineData("""{"keys": [{"id": "a", "tenant": "t", "permissions": ["x"], "hash": "HASH"}]}""", "an unknown")]
    [InlineData(
        """{"keys": [{"id": "a", "tenant": "t", "permissions": ["read"], "hash": "fgs_a.b"}]}""", "needs a hash")]
    [InlineData("""{"keys": [{"id": "a", "expires": "2020-01-01"}]}""", "expires")]
    [InlineData("""{"kees": []}""", "kees")]
    [InlineData("""{"keys": [null]}""", "element of a list is null")]
    [InlineData("{", "not a valid list of API keys")]
    public void Parse_InvalidFile_IsRefusedWithTheProblem(string file, string expected)
    {
        var hash = ApiKeyHash.Of("x").ToString();
        var content = Encoding.UTF8.GetBytes(file.Replace("HASH", hash, StringComparison.Ordinal));

        var failure = Assert.Throws<FormatException>(() => ApiKeyFile.Parse(content));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TwoKeysWithOneId_IsRefused()
    {
        var entry = NewApiKey.Make("a", "t", ["read"], null).Entry;
        var file = Encoding.UTF8.GetBytes($"{{\"keys\": [{entry}, {entry}]}}");

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

        var refusal = await Refusal.OfAsync(new Contract.JobServiceClient(channel).SubmitVideoAsync(
            new SubmitVideoRequest(), cancellationToken: Cancellation));

        var metadata = refusal.Info.Metadata;
        Assert.Equal(
            (ErrorReason.PermissionDenied, "submit", "key:read", "/foregsyte.v1.JobService/SubmitVideo"),
            (refusal.Reason, metadata["permission"], metadata["caller"], metadata["method"]));
        Assert.All(
            ["submit", "key:read", "/foregsyte.v1.JobService/SubmitVideo"],
            part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_WithoutCredentials_IsRefusedWithTheWaysToSendThem()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await StartAsync(setup);

        var refusal = await Refusal.OfAsync(server.Jobs.ListPipelinesAsync(
            new ListPipelinesRequest(), cancellationToken: Cancellation));

        Assert.Equal(
            (ErrorReason.Unauthenticated, "missing", "/foregsyte.v1.JobService/ListPipelines"),
            (refusal.Reason, refusal.Info.Metadata["problem"], refusal.Info.Metadata["method"]));
        Assert.All(
            ["no credentials", "x-api-key", "authorization: Bearer", "client certificate"],
            part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal));
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
        ApiKeyFile.Parse(Encoding.UTF8.GetBytes($"{{\"keys\": [{made.Entry}]}}"));

    private static string ProblemOf(NewApiKey made, ApiKeyText key, DateTimeOffset now) =>
        Assert.Throws<CredentialException>(() => Keys(made).Identify(key, now)).Problem;
}
