using System.Security.Claims;
using System.Text;
using System.Text.Json;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
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

    /// <summary>Without authentication there is no caller to name, and the log has no audit lines.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lines_OfCallsAndOfRefusalsThatWereLeftOut_AreInTheFiles_AndInTheLogIfCallersAreKnown(bool isOpen)
    {
        var collector = new FakeLogCollector();
        var options = new AuditOptions { File = Path, MaxRefusalsPerSecond = 1 };
        Write(isOpen, collector, options, (audit, call) =>
        {
            audit.Ended(call, "job-1", "OK");
            call.User = new ClaimsPrincipal();
            for (var refused = 0; refused < 3; refused++)
            {
                audit.Refused(call, "job-2", new ServiceException(ErrorReason.Unauthenticated, "No key.")
                {
                    Metadata = new Dictionary<string, string> { ["problem"] = "missing" },
                });
            }
        });

        Assert.Equal(
            ["caller=key:gate tenant=acme method=/M resource=job-1 outcome=OK peer=203.0.113.7:51000"],
            File.ReadAllLines(Path).Select(FieldsOf));
        Assert.Equal(
            [
                "caller= tenant= method=/M resource=job-2 outcome=UNAUTHENTICATED peer=203.0.113.7:51000 "
                    + "problem=missing",
                "caller= tenant= method= resource= outcome=LEFT_OUT peer= count=2",
            ],
            File.ReadAllLines($"{Path}.refused").Select(FieldsOf));
        Assert.Equal(
            isOpen
                ? []
                : [
                    (LogLevel.Information, "OK", "key:gate"), (LogLevel.Warning, "UNAUTHENTICATED", ""),
                    (LogLevel.Warning, null, null),
                ],
            collector.GetSnapshot().Select(line =>
                (line.Level, line.GetStructuredStateValue("Outcome"), line.GetStructuredStateValue("Caller"))));

        static string FieldsOf(string line) => string.Join(
            ' ', Parse(line).EnumerateObject().Where(field => field.Name != "time")
                .Select(field => $"{field.Name}={field.Value}"));
    }

    [Fact]
    public void Lines_OfAServiceWithoutFiles_AreInTheLogWithWhatIsWrong()
    {
        var collector = new FakeLogCollector();
        Write(isOpen: false, collector, new AuditOptions(), (audit, call) => audit.Refused(
            call, "", new ServiceException(ErrorReason.Unauthenticated, "The key has expired.")
            {
                Metadata = new Dictionary<string, string> { ["problem"] = "expired" },
            }));

        Assert.Contains("expired", Assert.Single(collector.GetSnapshot()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_WithAFileOfRefusalsAlone_IsRecordedThere()
    {
        Write(isOpen: true, new FakeLogCollector(), new AuditOptions { RefusalsFile = Path }, (audit, call) =>
        {
            call.Features.Set(LocalConnection.Instance);
            audit.Ended(call, "job-1", "OK");
            audit.Refused(call, "job-2", new ServiceException(ErrorReason.JobNotFound, "The job does not exist."));
        });

        var line = Parse(Assert.Single(File.ReadAllLines(Path)));
        Assert.Equal(
            ("job-2", "unix"), (line.GetProperty("resource").GetString(), line.GetProperty("peer").GetString()));
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
        clock.Advance(TimeSpan.FromSeconds(1));
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
        Assert.Equal(
            "asked",
            AuditedResource.Of(new CancelJobRequest { JobId = "asked" }, new CancelJobResponse { Job = new Job() }));
        Assert.Equal(
            "new",
            AuditedResource.Of(
                new CreateUploadRequest(), new CreateUploadResponse { Upload = new Upload { UploadId = "new" } }));
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

    private static void Write(
        bool isOpen, FakeLogCollector collector, AuditOptions options, Action<AuditLog, HttpContext> record)
    {
        var security = new SecurityOptions { ApiKeysFile = isOpen ? null : "keys.json" };
        var rules = new AccessRules(Options.Create(security), Options.Create(new JwtOptions()));
        using var loggers = new LoggerFactory([new FakeLoggerProvider(collector)]);
        using var files = new AuditFiles(Options.Create(options), loggers.CreateLogger<AuditFile>());
        using var audit = new AuditLog(files, rules, Options.Create(options), new FakeTimeProvider(), loggers);
        var caller = new Caller("key:gate", "acme", CallerPermissions.Submit);
        var call = new DefaultHttpContext
        {
            Request = { Path = "/M" },
            Connection = { RemoteIpAddress = System.Net.IPAddress.Parse("203.0.113.7"), RemotePort = 51000 },
            User = CallerTickets.PrincipalOf(caller, AuthenticationSchemes.ApiKey),
        };
        record(audit, call);
    }

    private static JsonElement Parse(string line) => JsonDocument.Parse(line).RootElement;
}
