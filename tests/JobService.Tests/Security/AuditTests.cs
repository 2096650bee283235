using System.Text.Json;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>Which calls of the JobService the audit log records.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("audit.jsonl");

    private string Refusals => _folder.File("audit.jsonl.refused");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Calls_ThatChangeSomethingOrAreRefused_AreRecorded_AndReadsAreNot()
    {
        using var setup = AccessSetup.ApiKeys();
        string jobId;
        await using (var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, ("Audit:File", Path)]))
        {
            using var submit = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
            using var read = AccessOutcome.ChannelOf(service.Address, setup.Callers["read"]);
            using var wrong = AccessOutcome.ChannelOf(service.Address, setup.Callers["wrong"]);
            var owner = new Contract.JobServiceClient(submit);
            jobId = (await owner.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation))
                .Job.JobId;
            await new Contract.JobServiceClient(read).GetJobAsync(
                new GetJobRequest { JobId = jobId }, cancellationToken: Cancellation);
            await owner.CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Cancellation);
            foreach (var (channel, id) in new[] { (submit, "evil\n{}"), (read, jobId), (wrong, jobId) })
            {
                await AccessOutcome.RefusalAsync(new Contract.JobServiceClient(channel).CancelJobAsync(
                    new CancelJobRequest { JobId = id }, cancellationToken: Cancellation));
            }

            Assert.Contains(service.LogLines, line => line.StartsWith(
                $"Information OK /foregsyte.v1.JobService/CancelJob {jobId} by key:submit of a at ",
                StringComparison.Ordinal));
        }

        Assert.Equal(
            [
                ("OK", "SubmitVideo", jobId, "key:submit", "a"),
                ("OK", "CancelJob", jobId, "key:submit", "a"),
            ],
            await LinesOfAsync(Path));
        Assert.Equal(
            [
                ("INVALID_FIELD", "CancelJob", "invalid", "key:submit", "a"),
                ("PERMISSION_DENIED", "CancelJob", "", "key:read", "a"),
                ("UNAUTHENTICATED", "CancelJob", "", "", ""),
            ],
            await LinesOfAsync(Refusals));
        Assert.All(
            [Path, Refusals],
            path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode));
        var text = await File.ReadAllTextAsync(Path, Cancellation)
            + await File.ReadAllTextAsync(Refusals, Cancellation);
        Assert.All(
            setup.Callers.Values.Select(caller => caller.ApiKey).OfType<string>(),
            key => Assert.DoesNotContain(key.Split('.')[1], text, StringComparison.Ordinal));
    }

    private static async Task<IEnumerable<(string, string, string, string, string)>> LinesOfAsync(string path) =>
        (await File.ReadAllLinesAsync(path, Cancellation)).Select(Parse);

    private static (string Outcome, string Method, string Resource, string Caller, string Tenant) Parse(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        string Text(string name) => json.GetProperty(name).GetString()!;
        return (Text("outcome"), Text("method").Split('/')[^1], Text("resource"), Text("caller"), Text("tenant"));
    }
}
