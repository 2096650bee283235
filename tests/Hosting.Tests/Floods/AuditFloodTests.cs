using System.Text.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Hosting.Tests.Floods;

/// <summary>Callers cannot push the record of a change out of the audit log.</summary>
public sealed class AuditFloodTests : IDisposable
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
