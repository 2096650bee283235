using System.Globalization;
using System.Text.Json;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Security;

public sealed class AuditFileTests : IDisposable
{
    private static readonly AuditRecord Record = new(
        TimeProvider.System.GetUtcNow(), "key:x", "a", "/method", new string('1', 36), "OK", "127.0.0.1:1");

    private readonly TemporaryFolder _folder = new();
    private readonly FakeLogger<AuditFile> _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("audit.jsonl");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Append_FullFile_IsRotatedAndTheOldestIsDeleted(int keptFiles)
    {
        using (var file = Open(maxBytes: 1024, keptFiles))
        {
            for (var line = 0; line < 40; line++)
            {
                file.Append(Record with { Resource = line.ToString(CultureInfo.InvariantCulture) });
            }
        }

        string[] files = [.. Enumerable.Range(1, keptFiles).Select(number => $"{Path}.{number}").Reverse(), Path];
        Assert.Equal(files.Order(), Directory.GetFiles(_folder.Path).Order());
        Assert.Empty(_log.Collector.GetSnapshot());
        var kept = files.SelectMany(File.ReadAllLines).Select(ResourceOf).ToList();
        Assert.Equal(
            Enumerable.Range(40 - kept.Count, kept.Count).Select(line => line.ToString(CultureInfo.InvariantCulture)),
            kept);
        Assert.All(Directory.GetFiles(_folder.Path), path => Assert.InRange(new FileInfo(path).Length, 1, 1024));
    }

    [Fact]
    public void Open_ExistingFile_IsAppendedTo()
    {
        for (var start = 0; start < 3; start++)
        {
            using var file = Open();
            file.Append(Record);
        }

        Assert.Equal(3, File.ReadAllLines(Path).Length);
    }

    [Fact]
    public void Append_BeforeDispose_IsAlreadyInTheFile()
    {
        using var file = Open();

        file.Append(Record);

        Assert.Single(File.ReadAllLines(Path));
    }

    [Fact]
    public void Append_UnwritableFile_LogsOneErrorAndRecovers()
    {
        using var file = Open(maxBytes: 1024, keptFiles: 1);
        while (new FileInfo(Path).Length + 300 < 1024)
        {
            file.Append(Record);
        }

        // A folder in place of the rotated file makes the rotation fail.
        Directory.CreateDirectory(_folder.File("audit.jsonl.1", "x"));
        for (var line = 0; line < 5; line++)
        {
            file.Append(Record);
        }

        var error = Assert.Single(_log.Collector.GetSnapshot());
        Assert.Equal((LogLevel.Error, Path), (error.Level, error.GetStructuredStateValue("Path")));
        Directory.Delete(_folder.File("audit.jsonl.1"), recursive: true);
        file.Append(Record with { Resource = "recovered" });
        Assert.Equal("recovered", ResourceOf(File.ReadAllLines(Path)[^1]));
    }

    [Theory]
    [InlineData("OK")]
    [InlineData("INTERNAL")]
    [InlineData("CANCELLED")]
    public async Task Call_HoweverItEnds_IsRecordedWithItsOutcome(string outcome)
    {
        await using (var server = await TestServer.StartAsync(("Audit:File", Path)))
        {
            using var cancel = new CancellationTokenSource();
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            server.JobService.OnSubmit = async context =>
            {
                started.SetResult();
                if (outcome == "INTERNAL")
                {
                    throw new InvalidOperationException("A defect.");
                }

                if (outcome == "CANCELLED")
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
            };
            var call = server.Jobs.SubmitVideoAsync(new SubmitVideoRequest(), cancellationToken: cancel.Token);
            await started.Task;
            if (outcome == "CANCELLED")
            {
                await cancel.CancelAsync();
            }

            if (outcome != "OK")
            {
                await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
            }
            else
            {
                await call;
            }

            await TestServer.UntilAsync(
                () => File.ReadAllLines(Path).Length == 1, () => "The audit file does not have one line.");
        }

        using var line = JsonDocument.Parse(await File.ReadAllTextAsync(Path, Cancellation));
        Assert.Equal(
            (outcome, "/foregsyte.v1.JobService/SubmitVideo", "anonymous"),
            (
                line.RootElement.GetProperty("outcome").GetString(),
                line.RootElement.GetProperty("method").GetString(),
                line.RootElement.GetProperty("caller").GetString()
            ));
    }

    [Fact]
    public async Task Call_RefusedOrFailedOnAnotherNode_IsRecordedWithItsReason()
    {
        var refusal = new ServiceException(ErrorReason.JobNotFound, "The job does not exist.");
        await using (var server = await TestServer.StartAsync(("Audit:File", Path)))
        {
            server.JobService.OnSubmit = _ => throw RichStatus.From(refusal).ToRpcException();
            await Assert.ThrowsAsync<RpcException>(
                () => server.Jobs.SubmitVideoAsync(new(), cancellationToken: Cancellation).ResponseAsync);
            server.JobService.OnSubmit = _ => throw refusal;
            await Assert.ThrowsAsync<RpcException>(
                () => server.Jobs.SubmitVideoAsync(new(), cancellationToken: Cancellation).ResponseAsync);

            // A call that only reads leaves no line.
            await server.Jobs.ListJobsAsync(new(), cancellationToken: Cancellation);
        }

        Assert.Equal("JOB_NOT_FOUND", OutcomeOf(Assert.Single(await File.ReadAllLinesAsync(Path, Cancellation))));
        Assert.Equal(
            "JOB_NOT_FOUND", OutcomeOf(Assert.Single(await File.ReadAllLinesAsync($"{Path}.refused", Cancellation))));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Append_NoFile_DoesNothing(string? path)
    {
        using var file = new AuditFile(path, maxBytes: 1024, keptFiles: 1, _log);

        file.Append(Record);

        Assert.False(file.IsUsed, "A file without a path is used.");
        Assert.Empty(_log.Collector.GetSnapshot());
    }

    /// <summary>A line longer than the file may be must not leave an empty rotated file.</summary>
    [Fact]
    public void Append_LineLongerThanTheFile_IsWrittenAlone()
    {
        using (var file = Open(maxBytes: 10, keptFiles: 2))
        {
            file.Append(Record with { Resource = "first" });
            file.Append(Record with { Resource = "second" });
        }

        Assert.Equal("first", ResourceOf(Assert.Single(File.ReadAllLines($"{Path}.1"))));
        Assert.Equal("second", ResourceOf(Assert.Single(File.ReadAllLines(Path))));
        Assert.False(File.Exists($"{Path}.2"), "There is an empty rotated file.");
    }

    [Fact]
    public void Append_LineThatJustFits_DoesNotRotate()
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(Record.ToJson()) + 1;
        using (var file = Open(maxBytes: 2 * bytes))
        {
            file.Append(Record);
            file.Append(Record);
            Assert.False(File.Exists($"{Path}.1"), "The file was rotated before it was full.");
            file.Append(Record);
        }

        Assert.Equal(2, File.ReadAllLines($"{Path}.1").Length);
    }

    [Fact]
    public void Append_FileOpenForReading_IsForItsOwnerAloneAndCanBeRead()
    {
        using var file = Open();
        file.Append(Record);

        using var reader = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Append(Record);

        Assert.Equal(2, File.ReadAllLines(Path).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Path).UnixFileMode);
    }

    [Fact]
    public void AreUsed_AnyFile_IsEnough()
    {
        Assert.False(Are(new AuditOptions()), "No file is configured.");
        Assert.True(Are(new AuditOptions { File = Path }), "The file of changes is not used.");
        Assert.True(Are(new AuditOptions { AdminsFile = Path }), "The file of admins' changes is not used.");
        Assert.True(Are(new AuditOptions { RefusalsFile = Path }), "The file of refusals is not used.");

        bool Are(AuditOptions options)
        {
            using var files = new AuditFiles(Options.Create(options), _log);
            return files.AreUsed;
        }
    }

    [Fact]
    public void Dispose_OfTheFiles_ClosesThem()
    {
        var files = new AuditFiles(Options.Create(new AuditOptions { File = Path }), _log);
        foreach (var file in new[] { files.Changes, files.AdminChanges, files.Refusals })
        {
            file.Append(Record);
        }

        files.Dispose();

        // An open file cannot be locked.
        Assert.All(
            ["", ".admins", ".refused"],
            suffix => File.Open($"{Path}{suffix}", FileMode.Open, FileAccess.Read, FileShare.None).Dispose());
    }

    private AuditFile Open(long maxBytes = 1 << 20, int keptFiles = 1) => new(Path, maxBytes, keptFiles, _log);

    private static string ResourceOf(string line) => Field(line, "resource");

    private static string OutcomeOf(string line) => Field(line, "outcome");

    private static string Field(string line, string name)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty(name).GetString()!;
    }
}
