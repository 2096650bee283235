using System.Text;
using System.Text.Json;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>What the audit log records; floods are in AuditFloodTests.</summary>
public sealed class AuditLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("audit.jsonl");

    private string Admins => _folder.File("audit.jsonl.admins");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Call_WithAnExpiredKey_IsRecordedAsExpiredWithItsId()
    {
        using var setup = AccessSetup.ApiKeys();
        await using (var server = await TestServer.StartAsync([.. setup.Settings, ("Audit:File", Path)]))
        {
            using var late = AccessOutcome.ChannelOf(server.Address, setup.Callers["expired"]);
            await Assert.ThrowsAsync<RpcException>(() => new V1.JobService.JobServiceClient(late)
                .CancelJobAsync(new CancelJobRequest { JobId = "a" }, cancellationToken: Cancellation).ResponseAsync);
        }

        var refusal = Parse(Assert.Single(await File.ReadAllLinesAsync($"{Path}.refused", Cancellation)));
        Assert.Equal("UNAUTHENTICATED", refusal.GetProperty("outcome").GetString());
        Assert.Equal("expired", refusal.GetProperty("problem").GetString());
        Assert.Equal("key:expired", refusal.GetProperty("caller").GetString());
    }

    /// <summary>Calls that succeed and change nothing, such as a second CancelJob, are recorded too.</summary>
    [Fact]
    public async Task Changes_OfATenant_LeaveTheRecordOfAnAdmin()
    {
        using var setup = AccessSetup.ApiKeys();
        await using (var server = await TestServer.StartAsync(
            [.. setup.Settings, ("Audit:File", Path), ("Audit:MaxFileBytes", "1024"), ("Audit:KeptFiles", "1")]))
        {
            using var admin = AccessOutcome.ChannelOf(server.Address, setup.Callers["admin"]);
            await new V1.JobService.JobServiceClient(admin).DeleteJobAsync(
                new DeleteJobRequest { JobId = "a" }, cancellationToken: Cancellation);
            using var tenant = AccessOutcome.ChannelOf(server.Address, setup.Callers["submit"]);
            for (var call = 0; call < 20; call++)
            {
                await new V1.JobService.JobServiceClient(tenant).CancelJobAsync(
                    new CancelJobRequest { JobId = "b" }, cancellationToken: Cancellation);
            }
        }

        var files = Directory.GetFiles(_folder.Path, "audit*").ToDictionary(
            file => System.IO.Path.GetFileName(file),
            file => File.ReadAllLines(file).Select(line => Parse(line).GetProperty("caller").GetString()).ToHashSet());
        Assert.Contains(files, file => file.Value.Contains("key:admin"));
        Assert.Equal(["key:admin"], files["audit.jsonl.admins"]);
        Assert.Equal(["key:submit"], files["audit.jsonl"]);
        Assert.Equal(["key:submit"], files["audit.jsonl.1"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Admins).UnixFileMode);
    }

    [Fact]
    public void RecordOf_LongAndHostileTexts_IsShortAndPlain()
    {
        var hostile = string.Concat(Enumerable.Repeat("\u202e\u2028\u0001é\n", 2000));

        var line = AuditRecord.Of(default, hostile, hostile, hostile, hostile, "OK", "127.0.0.1:1").ToJson();

        Assert.InRange(Encoding.UTF8.GetByteCount(line), 1, 6 * 1024);
        Assert.DoesNotContain(line, char.IsControl);
        Assert.StartsWith("\\u202e\\u2028\\u0001", Parse(line).GetProperty("method").GetString());
    }

    [Fact]
    public void Admit_MoreThanTheRate_CountsTheOthers()
    {
        var clock = new FakeTimeProvider();
        var reports = new List<long>();
        using var sampler = new RefusalSampler(2, clock, reports.Add);

        Assert.Equal([true, true, false, false, false], Enumerable.Range(0, 5).Select(_ => sampler.Admit()));
        Assert.Empty(reports);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([3L], reports);
        Assert.True(sampler.Admit(), "The next second admits none.");
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => sampler.Admit()));
        sampler.Dispose();
        Assert.Equal([3L, 1L], reports);
    }

    [Fact]
    public void ResourceOf_RequestAndResponse_IsTheIdInTheResponseOrTheRequest()
    {
        var made = new SubmitVideoResponse { Job = new Job { JobId = "new" } };

        Assert.Equal("new", AuditedResource.Of(new SubmitVideoRequest(), made));
        Assert.Equal("new", AuditedResource.Of(new CancelJobRequest { JobId = "asked" }, made));
        Assert.Equal("asked", AuditedResource.Of(new CancelJobRequest { JobId = "asked" }, response: null));
        Assert.Equal("asked", AuditedResource.Of(new DeleteJobRequest { JobId = "asked" }, new DeleteJobResponse()));
        Assert.Equal("", AuditedResource.Of(new SubmitVideoRequest(), response: null));
        Assert.Equal("", AuditedResource.Of("no message", "no message"));
    }

    [Theory]
    [InlineData(64, 'a', true)]
    [InlineData(65, 'a', false)]
    [InlineData(1, '-', true)]
    [InlineData(1, '\n', false)]
    [InlineData(1, 'é', false)]
    public void ResourceOf_LongOrStrangeId_IsInvalid(int length, char letter, bool isKept)
    {
        var id = new string(letter, length);

        Assert.Equal(
            isKept ? id : "invalid", AuditedResource.Of(new DeleteJobRequest { JobId = id }, response: null));
    }

    [Fact]
    public void RecordOf_TextsOfTheGreatestLength_AreWhole()
    {
        var (whole, cut) = (new string('x', 200), new string('x', 201));

        var record = AuditRecord.Of(default, whole, cut, "m", "", "OK", "127.0.0.1:1");

        Assert.Equal((whole, $"{whole[1..]}…"), (record.Caller, record.Tenant));

        // Escapes count: 100 characters become 600.
        var escaped = AuditRecord.Of(default, new string('\u0001', 100), "", "m", "", "OK", "").Caller;
        Assert.Equal(200, escaped.Length);
        Assert.EndsWith("…", escaped, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_PathsOfOtherFiles_FollowTheFileUnlessTheyAreSet()
    {
        Assert.Equal((null, null), Paths(new()));
        Assert.Equal((null, null), Paths(new() { File = "" }));
        Assert.Equal(("a.admins", "a.refused"), Paths(new() { File = "a" }));
        Assert.Equal(("b", "c"), Paths(new() { File = "a", AdminsFile = "b", RefusalsFile = "c" }));
        Assert.Equal(("b", null), Paths(new() { AdminsFile = "b" }));

        static (string? Admins, string? Refusals) Paths(AuditOptions options) =>
            (options.AdminsPath, options.RefusalsPath);
    }

    [Fact]
    public void Admit_RefusalsLaterInTheSecond_AreReportedAtItsEnd()
    {
        var clock = new FakeTimeProvider();
        var reports = new List<long>();
        using var sampler = new RefusalSampler(1, clock, reports.Add);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(sampler.Admit(), "The first refusal is left out.");

        clock.Advance(TimeSpan.FromSeconds(0.7));
        Assert.False(sampler.Admit(), "More than the rate is admitted.");
        clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Empty(reports);
        clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal([1L], reports);
        sampler.Dispose();
        Assert.Equal([1L], reports);
    }

    private static JsonElement Parse(string line) => JsonDocument.Parse(line).RootElement;
}
