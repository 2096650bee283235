using System.Text;
using System.Text.Json;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>Callers cannot push the record of a change out of the audit log.</summary>
public sealed class AuditLogTests : IDisposable
{
    private const int MaxFileBytes = 64 * 1024;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("audit.jsonl");

    private string Admins => _folder.File("audit.jsonl.admins");

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// 2,000 calls with paths of 7 KB wrote 84 MB, and so rotated files of 64 KB 1,300 times; 15,000 evicted files of
    /// the default size.
    /// </summary>
    [Fact]
    public async Task Calls_WithoutCredentialsAndWithLongPaths_LeaveTheRecordOfAChange()
    {
        const int Calls = 2000;
        using var setup = AccessSetup.ApiKeys();
        await using (var server = await TestServer.StartAsync(
            [
                .. setup.Settings, ("Audit:File", Path), ("Audit:MaxFileBytes", $"{MaxFileBytes}"),
                ("Audit:KeptFiles", "1"),
            ]))
        {
            using var admin = AccessOutcome.ChannelOf(server.Address, setup.Callers["admin"]);
            await new V1.JobService.JobServiceClient(admin).DeleteJobAsync(
                new DeleteJobRequest { JobId = "a" }, cancellationToken: Cancellation);
            for (var batch = 0; batch < Calls / 50; batch++)
            {
                // Kestrel drains refused calls for a while, and resets further ones of a connection with too many.
                using var attacker = AccessOutcome.ChannelOf(server.Address, setup.Callers["none"]);
                var calls = attacker.CreateCallInvoker();
                await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CallUnknownAsync(calls)));
            }
        }

        var files = Directory.GetFiles(_folder.Path, "audit*");
        Assert.Contains("/foregsyte.v1.JobService/DeleteJob", await File.ReadAllTextAsync(Admins, Cancellation));
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 1, Calls * 600);
        var refusals = (await File.ReadAllLinesAsync($"{Path}.refused", Cancellation)).Select(Parse).ToList();
        Assert.Equal(
            Calls,
            refusals.Sum(line => line.TryGetProperty("count", out var count) ? count.GetInt32() : 1));
    }

    [Fact]
    public async Task Call_WithAnExpiredKey_IsRecordedAsExpiredWithItsId()
    {
        using var setup = AccessSetup.ApiKeys();
        await using (var server = await TestServer.StartAsync([.. setup.Settings, ("Audit:File", Path)]))
        {
            using var late = AccessOutcome.ChannelOf(server.Address, setup.Callers["expired"]);
            await CallUnknownAsync(late.CreateCallInvoker());
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

    private static async Task CallUnknownAsync(CallInvoker attacker)
    {
        var marshaller = Marshallers.Create(_ => Array.Empty<byte>(), bytes => bytes);
        var method = new Method<byte[], byte[]>(
            MethodType.Unary, "foregsyte.v1.X", new string('\'', 7000), marshaller, marshaller);
        var refusal = await Assert.ThrowsAsync<RpcException>(
            async () => await attacker.AsyncUnaryCall(method, null, new CallOptions(), []));
        Assert.True(refusal.StatusCode == StatusCode.Unauthenticated, refusal.ToString());
    }

    private static JsonElement Parse(string line) => JsonDocument.Parse(line).RootElement;
}
