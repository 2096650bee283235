using System.Text;
using System.Text.Json;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Admin;

public sealed class AdminCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Database => _folder.File("data", "foregsyte.duckdb");

    private LocalStorage Storage =>
        new(Options.Create(new StorageOptions { Root = _folder.File("data", "video_jobs"), MinFreeBytes = 0 }));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task BackupThenRestore_HasTheJobsOfTheBackupAndKeepsWhatWasThere()
    {
        var (early, late) = (TestJobs.Full(), TestJobs.Pending());
        await StoreAsync(early);
        var (backupCode, backupText) = await RunAsync("backup", "--to", _folder.File("backup"));
        await StoreAsync(late);

        var (restoreCode, restoreText) = await RunAsync("restore", "--from", _folder.File("backup"));

        Assert.Equal((0, 0), (backupCode, restoreCode));
        Assert.Contains("1 jobs", backupText, StringComparison.Ordinal);
        Assert.Contains(".replaced-", restoreText, StringComparison.Ordinal);
        await using (var restored = new DatabaseFixture(Database))
        {
            Assert.Equal(
                TestJobs.Text(early), TestJobs.Text(await restored.Store.FindAsync(early.JobId, Cancellation)));
            Assert.Null(await restored.Store.FindAsync(late.JobId, Cancellation));
            var (found, _) = await restored.Store.InsertAsync(
                TestJobs.Pending(requestId: early.RequestId), Cancellation);
            Assert.Equal(early.JobId, found.JobId);
            await restored.Store.UpdateAsync(early.JobId, job => job with { FramesDone = 100 }, Cancellation);
        }

        var aside = Directory.GetFiles(_folder.File("data"), "*.replaced-*").Single();
        await using var replaced = new DatabaseFixture(aside);
        Assert.NotNull(await replaced.Store.FindAsync(late.JobId, Cancellation));
    }

    [Fact]
    public async Task KeysNew_NoOptions_MakesAKeyWithDefaultsAndSaysWhichAndWhatToDo()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RunAsync(["keys", "new"], output, error);

        Assert.Equal((0, ""), (code, error.ToString()));
        var lines = output.ToString().Split('\n').Select(line => line.TrimEnd()).ToArray();
        var key = Assert.Single(lines, line => line.StartsWith("fgs_", StringComparison.Ordinal));
        var id = key["fgs_".Length..key.IndexOf('.', StringComparison.Ordinal)];
        Assert.StartsWith(
            $"Key {id} for tenant default, permissions submit, read, admin, expires never", lines[0],
            StringComparison.Ordinal);
        Assert.Contains("FOREGSYTE_API_KEY", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Security:ApiKeysFile", output.ToString(), StringComparison.Ordinal);

        // The entry ends the output and is valid in a file of keys.
        var entry = string.Join('\n', lines.SkipWhile(line => !line.StartsWith('{')));
        ApiKeyFile.Parse(Encoding.UTF8.GetBytes($"{{\"keys\": [{entry}]}}"));
        using var json = JsonDocument.Parse(entry);
        Assert.Equal(
            (id, "default"),
            (json.RootElement.GetProperty("id").GetString(), json.RootElement.GetProperty("tenant").GetString()));
    }

    [Theory]
    [InlineData("anna", "build-7", "anna-build-7-")]
    [InlineData("DOMAIN\\Anna Müller", "host.example.org", "domain-anna-m-ller-host-example-org-")]
    [InlineData("", "", "default-")]
    [InlineData("é", "_", "default-")]
    [InlineData("a-very-long-user-name-that-does-not-fit", "host", "a-very-long-user-name-that-does-not-")]
    public void KeysNew_DefaultId_IsValidAndNamesUserAndHost(string user, string host, string expected)
    {
        var id = KeyCommands.DefaultId(user, host);

        Assert.Matches($"^{expected}[0-9a-f]{{4}}$", id);
        Assert.InRange(id.Length, 1, 40);
        Assert.NotEqual(id, KeyCommands.DefaultId(user, host));
    }

    [Theory]
    [InlineData("needs a tenant", "--tenant", "", "--permissions", "read")]
    [InlineData("unknown permission", "--tenant", "a", "--permissions", "read,write")]
    [InlineData("needs permissions", "--tenant", "a", "--permissions", ",")]
    [InlineData("The id must be", "--tenant", "a", "--permissions", "read", "--id", "A")]
    public async Task KeysNew_WrongArgument_SaysWhy(string expected, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await RunAsync(["keys", "new", .. arguments], output, error);

        Assert.Equal(2, code);
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("fgs_", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_ByteOfATextFlipped_IsRefusedAndChangesNothing()
    {
        await StoreAsync(TestJobs.Pending() with { DisplayName = "a name that DuckDB stores as it is" });
        await RunAsync("backup", "--to", _folder.File("backup"));
        var copy = _folder.File("backup", "foregsyte.duckdb");
        var bytes = await File.ReadAllBytesAsync(copy, Cancellation);
        var name = bytes.AsSpan().IndexOf("a name that DuckDB"u8);
        Assert.True(name > 0, "The copy does not contain the display name.");
        bytes[name] ^= 1;
        await File.WriteAllBytesAsync(copy, bytes, Cancellation);

        var (code, text) = await RunAsync("restore", "--from", _folder.File("backup"));

        Assert.Equal(2, code);
        Assert.Contains("is damaged", text, StringComparison.Ordinal);
        Assert.Equal([Database], Directory.GetFiles(_folder.File("data"), "foregsyte*"));
    }

    [Fact]
    public async Task Restore_CopyDiffersFromTheBackup_IsRefusedAndChangesNothing()
    {
        await StoreAsync(TestJobs.Full());
        await RunAsync("backup", "--to", _folder.File("backup"));
        var before = BackupManifest.HashOf(Database);
        var options = new OptionsThatDamage(Database, _folder.File("backup", BackupManifest.DatabaseName));

        var refusal = Assert.Throws<AdminException>(
            () => DatabaseRestore.Run(
                options, storage: null, _folder.File("backup"), TimeProvider.System, TextWriter.Null));

        Assert.Contains("differs from the backup. Nothing was changed.", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, BackupManifest.HashOf(Database));
        Assert.Empty(Directory.GetFiles(_folder.File("data"), "*.replaced-*"));
    }

    [Fact]
    public async Task Backup_FolderThatIsNotEmpty_IsRefused()
    {
        await StoreAsync(TestJobs.Pending());
        Assert.Equal(2, (await RunAsync("backup", "--to", _folder.File("data"))).Code);
    }

    [Fact]
    public async Task Verify_CompletedJobs_ComparesThemWithTheirResults()
    {
        var (good, short1, gone) = (Completed(frames: 3), Completed(frames: 3), Completed(frames: 3));
        await StoreAsync(good, short1, gone);
        await PutResultsAsync(good.JobId, frames: 3);
        Assert.Equal(1, (await RunAsync("verify")).Code);
        await PutResultsAsync(short1.JobId, frames: 2);

        var (code, text) = await RunAsync("verify");

        Assert.Equal(1, code);
        Assert.DoesNotContain(good.JobId.ToString(), text, StringComparison.Ordinal);
        Assert.Contains(
            $"job {short1.JobId} has 3 analyzed frames, but its results have 2", text, StringComparison.Ordinal);
        Assert.Contains($"job {gone.JobId} is completed, but its results are missing", text, StringComparison.Ordinal);
        await PutResultsAsync(short1.JobId, frames: 3);
        await PutResultsAsync(gone.JobId, frames: 3);
        await PutResultsAsync(Guid.NewGuid(), frames: 1);
        var (goodCode, goodText) = await RunAsync("verify");
        Assert.Equal(0, goodCode);
        Assert.Contains("3 COMPLETED", goodText, StringComparison.Ordinal);
        Assert.Contains("of 1 jobs that are not in the database", goodText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_RowThatCannotBeRead_IsAProblem()
    {
        await StoreAsync(TestJobs.Pending());
        await using (var database = new DatabaseFixture(Database))
        {
            database.Query("UPDATE jobs SET status = 'ARCHIVED', video_json = '{'", _ => 0);
        }

        var (code, text) = await RunAsync("verify");

        Assert.Equal(1, code);
        Assert.Contains("problems  1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rebuild_FromManifestsAndVideos_RecreatesTheJobs()
    {
        var completed = Completed(frames: 2);
        await PutResultsAsync(completed.JobId, frames: 2);
        await PutAsync(ArtifactKeys.Video(completed.JobId));
        await JobManifest.WriteAsync(Storage, completed, Cancellation);
        var videoOnly = Guid.NewGuid();
        await PutAsync(ArtifactKeys.Video(videoOnly));
        File.WriteAllText(Database + ".damaged-20260101T000000Z", "set aside");

        var (code, text) = await RunAsync("rebuild", "--pipeline", "yolo_ocr");

        Assert.Equal(0, code);
        Assert.Contains("1 completed and 1 pending", text, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("verify")).Code);
        await using var rebuilt = new DatabaseFixture(Database);
        var expected = completed with
        {
            VideoBytes = await LengthAsync(ArtifactKeys.Video(completed.JobId)),
            ResultBytes = await LengthAsync(ArtifactKeys.Results(completed.JobId)),
            // A manifest keeps no query, which can have secrets.
            Webhook = completed.Webhook! with { Uri = "https://hooks.example/a" },
        };
        Assert.Equal(
            TestJobs.Text(expected), TestJobs.Text(await rebuilt.Store.FindAsync(completed.JobId, Cancellation)));
        Assert.Equal(JobStatus.Pending, (await rebuilt.Store.FindAsync(videoOnly, Cancellation))!.Status);
    }

    [Fact]
    public async Task Rebuild_ManifestsOfSeveralAttempts_TakesTheNewestWhoseResultsExist()
    {
        var storage = new InMemoryStorage { IsShared = true };
        var completed = Completed(frames: 1);
        var (older, newer, noResults) = (OfAttempts(1), OfAttempts(2), OfAttempts(3));
        await storage.PutAsync(older.OutputPath!, new byte[1]);
        await storage.PutAsync(newer.OutputPath!, new byte[2]);
        foreach (var manifest in (JobRecord[])[noResults, newer, older])
        {
            await JobManifest.WriteAsync(storage, manifest, Cancellation);
        }

        var found = await RebuiltJobs.FromAsync(storage, pipelineId: null, "", TestJobs.Noon, Cancellation);

        Assert.Empty(found.Problems);
        var job = Assert.Single(found.Jobs);
        Assert.Equal((newer.OutputPath, 2L), (job.OutputPath, job.ResultBytes));

        JobRecord OfAttempts(int count) => completed with
        {
            Attempts = [.. Enumerable.Range(1, count).Select(number => completed.Attempts[0] with { Number = number })],
            OutputPath = ArtifactKeys.Results(completed.JobId, Guid.NewGuid()),
        };
    }

    [Fact]
    public async Task Verify_IndexOfResultsIsDamaged_IsAProblem()
    {
        var job = Completed(frames: 2_000);
        await PutResultsAsync(job.JobId, frames: 2_000, textLength: 200);
        await PutAsync(ArtifactKeys.Video(job.JobId));
        await StoreAsync(job);
        Assert.Equal(0, (await RunAsync("verify")).Code);
        var key = ArtifactKeys.ResultsIndex(ArtifactKeys.Results(job.JobId));
        await Storage.PutAsync(key, [1]);

        var (code, text) = await RunAsync("verify");

        Assert.Equal(1, code);
        Assert.Contains($"the index {key} is damaged", text, StringComparison.Ordinal);
    }

    private async Task<long> LengthAsync(string key)
    {
        await using var artifact = await Storage.OpenReadAsync(key, Cancellation);
        return artifact.Length;
    }

    [Fact]
    public async Task Rebuild_NoPipeline_ListsVideosWithoutResults()
    {
        var videoOnly = Guid.NewGuid();
        await PutAsync(ArtifactKeys.Video(videoOnly));

        var (code, text) = await RunAsync("rebuild");

        Assert.Equal(0, code);
        Assert.Contains($"skipped: {videoOnly}.mp4", text, StringComparison.Ordinal);
        Assert.Contains("0 completed and 0 pending", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rebuild_UnknownPipeline_IsRefused()
    {
        var (code, text) = await RunAsync("rebuild", "--pipeline", "yolo");

        Assert.Equal(2, code);
        Assert.Contains("Choose one of detect_only, ocr_only, yolo_ocr.", text, StringComparison.Ordinal);
        Assert.False(File.Exists(Database), $"{Database} was created.");
    }

    [Fact]
    public async Task Rebuild_DatabaseWithJobs_IsRefused()
    {
        await StoreAsync(TestJobs.Pending());

        var (code, text) = await RunAsync("rebuild");

        Assert.Equal(2, code);
        Assert.Contains("rebuild does not merge", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Manifest_Damaged_IsAFormatException()
    {
        var (jobId, storage) = (Guid.NewGuid(), Storage);
        File.WriteAllText(_folder.File("data", "video_jobs", StorageCalls.SidecarOf(jobId)), "{");

        await Assert.ThrowsAsync<FormatException>(
            () => storage.ReadManifestAsync(jobId));
        Assert.Null(await storage.ReadManifestAsync(Guid.NewGuid()));
    }

    private static JobRecord Completed(int frames)
    {
        var jobId = Guid.NewGuid();
        return TestJobs.Full() with
        {
            JobId = jobId,
            InputPath = ArtifactKeys.Video(jobId),
            OutputPath = ArtifactKeys.Results(jobId),
            HasTracks = false,
            RequestId = null,
            Fingerprint = null,
            Status = JobStatus.Completed,
            Failure = null,
            Lease = null,
            NextAttemptAt = null,
            ForgivenAttempts = 0,
            SegmentFrames = 0,
            QueuedAt = TestJobs.Noon,
            Summary = new JobSummary { Frames = new FrameAccounting { Total = frames, Analyzed = frames } },
        };
    }

    private async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        using var text = new StringWriter();
        var pipelines = Path.Combine(RepositoryFiles.Data, "pipelines");
        string[] settings = [$"--DataDirectory={_folder.File("data")}", $"--Pipelines:Directory={pipelines}"];
        return (await RunAsync([.. arguments, .. settings], text, text), text.ToString());
    }

    private static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error) =>
        AdminCommandLine.RunAsync(arguments, output, error, _ => Task.CompletedTask, Cancellation);

    private async Task StoreAsync(params JobRecord[] jobs)
    {
        await using var database = new DatabaseFixture(Database);
        foreach (var job in jobs)
        {
            await database.Store.InsertAsync(job, Cancellation);
        }
    }

    private async Task PutResultsAsync(Guid jobId, int frames, int textLength = 0)
    {
        var key = ArtifactKeys.Results(jobId);
        await using var artifact = await Storage.StageAsync(key, Cancellation);
        var document = new ResultsDocumentWriter(artifact.Stream);
        for (var i = 0; i < frames; i++)
        {
            var result = new PipelineResult { Text = new string('x', textLength) };
            await document.WriteAsync(new FrameResult { FrameIndex = i, Result = result }, Cancellation);
        }

        await document.CompleteAsync(Cancellation);
        await document.Index.WriteAsync(Storage, key, artifact.Stream.Length, Cancellation);
        await artifact.CommitAsync(Cancellation);
    }

    private Task PutAsync(string key) => Storage.PutAsync(key, "video"u8.ToArray());

    /// <summary>
    /// Flips a byte of a file when the options are first read. The restore reads them after it has checked the backup
    /// and before it copies it.
    /// </summary>
    private sealed class OptionsThatDamage(string databasePath, string damagedPath) : IOptions<DatabaseOptions>
    {
        private readonly Lazy<DatabaseOptions> _options = new(() =>
        {
            using var file = new FileStream(damagedPath, FileMode.Open, FileAccess.ReadWrite);
            file.Position = file.Length / 2;
            var value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 1));
            return new DatabaseOptions { Path = databasePath };
        });

        public DatabaseOptions Value => _options.Value;
    }
}
