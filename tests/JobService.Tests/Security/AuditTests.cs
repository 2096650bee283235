using System.Text.Json;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

public sealed class AuditTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("audit.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Calls_ThatChangeSomethingOrAreRefused_AreWrittenDown_AndReadsAreNot()
    {
        using var setup = AccessSetup.ApiKeys();
        string jobId;
        await using (var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, ("Audit:File", Path)]))
        {
            using var submit = Answers.ChannelOf(service.Address, setup.Callers["submit"]);
            using var read = Answers.ChannelOf(service.Address, setup.Callers["read"]);
            using var wrong = Answers.ChannelOf(service.Address, setup.Callers["wrong"]);
            var owner = new Contract.JobServiceClient(submit);
            jobId = (await owner.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation))
                .Job.JobId;
            await new Contract.JobServiceClient(read).GetJobAsync(
                new GetJobRequest { JobId = jobId }, cancellationToken: Cancellation);
            await owner.CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Cancellation);
            foreach (var (channel, id) in new[] { (submit, "evil\n{}"), (read, jobId), (wrong, jobId) })
            {
                await Answers.RefusalAsync(new Contract.JobServiceClient(channel).CancelJobAsync(
                    new CancelJobRequest { JobId = id }, cancellationToken: Cancellation));
            }

            Assert.Contains(service.LogLines, line => line.StartsWith(
                $"Information OK /foregsyte.v1.JobService/CancelJob {jobId} by key:submit of a at ",
                StringComparison.Ordinal));
        }

        var lines = (await File.ReadAllLinesAsync(Path, Cancellation)).Select(Parse).ToList();
        Assert.Equal(
            [
                ("OK", "SubmitVideo", jobId, "key:submit", "a"),
                ("OK", "CancelJob", jobId, "key:submit", "a"),
                ("INVALID_FIELD", "CancelJob", "invalid", "key:submit", "a"),
                ("PERMISSION_DENIED", "CancelJob", "", "key:read", "a"),
                ("UNAUTHENTICATED", "CancelJob", "", "", ""),
            ],
            lines);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Path).UnixFileMode);
        var text = await File.ReadAllTextAsync(Path, Cancellation);
        Assert.All(
            setup.Callers.Values.Select(caller => caller.ApiKey).OfType<string>(),
            key => Assert.DoesNotContain(key.Split('.')[1], text, StringComparison.Ordinal));
    }

    [Fact]
    public void File_ThatIsFull_IsRenamed_AndTheOldestIsRemoved()
    {
        var record = new AuditRecord(
            TimeProvider.System.GetUtcNow(), "key:x", "a", "/method", new string('1', 36), "OK", "127.0.0.1:1");
        using (var file = Open(maxBytes: 1024, keptFiles: 2))
        {
            for (var line = 0; line < 40; line++)
            {
                file.Append(record with { Resource = $"{line}" });
            }
        }

        Assert.Equal(
            ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"],
            Directory.GetFiles(_folder.Path).Select(System.IO.Path.GetFileName).Order());
        var kept = new[] { $"{Path}.2", $"{Path}.1", Path }.SelectMany(File.ReadAllLines).Select(Parse)
            .Select(line => line.Resource).ToList();
        Assert.Equal(Enumerable.Range(40 - kept.Count, kept.Count).Select(line => $"{line}"), kept);
        Assert.All(Directory.GetFiles(_folder.Path), path => Assert.InRange(new FileInfo(path).Length, 1, 1024));
    }

    [Fact]
    public void File_AfterARestart_GoesOn()
    {
        var record = new AuditRecord(TimeProvider.System.GetUtcNow(), "", "", "/method", "", "OK", "unix");
        for (var start = 0; start < 3; start++)
        {
            using var file = Open(maxBytes: 1 << 20, keptFiles: 1);
            file.Append(record);
        }

        Assert.Equal(3, File.ReadAllLines(Path).Length);
    }

    private AuditFile Open(long maxBytes, int keptFiles) => new(
        Options.Create(new AuditOptions { File = Path, MaxFileBytes = maxBytes, KeptFiles = keptFiles }),
        NullLogger<AuditFile>.Instance);

    private static (string Outcome, string Method, string Resource, string Caller, string Tenant) Parse(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        string Text(string name) => json.GetProperty(name).GetString()!;
        return (Text("outcome"), Text("method").Split('/')[^1], Text("resource"), Text("caller"), Text("tenant"));
    }
}
