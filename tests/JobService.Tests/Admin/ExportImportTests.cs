using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Storage.PostgreSql;
using ForegSyte.Jobs.Tests.Storage.S3;
using ForegSyte.Jobs.Tests.Tracks;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Admin;

public sealed class ExportImportTests(SharedServers servers) : IDisposable
{
    /// <summary>Ten segments of ten frames, one after the other.</summary>
    private static readonly (string, string)[] OneAtATime =
        [("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "10")];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private (string Key, string Value)[] Source => Local("source");

    private (string Key, string Value)[] Target => Local("target");

    private string Export => _folder.File("export");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Move_ToPostgreSqlAndS3AndBack_HasEqualJobsAndResultsAndResumesTheUnfinishedOne()
    {
        var postgres = await servers.PostgresOrSkipAsync();
        using var bucket = await TestBucket.CreateAsync(await servers.CephOrSkipAsync());
        var cluster = Cluster(await postgres.CreateDatabaseAsync(), bucket);
        var (completed, unfinished) = await MakeJobsAsync(Source);
        var before = await ReadAsync(Source);
        Assert.Equal(2, before.Jobs.Count);
        Assert.Equal(2, before.Segments.Count);
        Assert.Equal(2, before.FailedSegments.Count);

        Assert.Equal((0, true), await RunAsync("export", Export, Source));
        Assert.Equal((0, true), await RunAsync("import", Export, cluster));
        Assert.Equal((0, true), await RunAsync("import", Export, cluster));

        var moved = await ReadAsync(cluster);
        Assert.Equal(before.Jobs, moved.Jobs);
        Assert.Equal(before.Results, moved.Results);
        Assert.Equal(before.Segments, moved.Segments);
        Assert.Equal(before.FailedSegments, moved.FailedSegments);

        var inference = MovingObjects.Inference();
        await using (var service = await RunningJobService.StartAsync(inference, [.. cluster, .. OneAtATime]))
        {
            var ended = await service.GetWhenAsync(unfinished, job => job.Status == JobStatus.Completed);
            Assert.Equal(19, ended.Attempts[^1].FramesResumed);
            var tracks = await service.Client.ListObjectTracksAsync(
                new ListObjectTracksRequest { JobId = unfinished }, cancellationToken: Cancellation);
            Assert.Equal((true, 2), (tracks.Complete, tracks.ObjectTracks.Count));
            var repeated = await service.SubmitAsync(requestId: "6f9619ff-8b86-4011-b42d-00c04fc964ff");
            Assert.Equal(unfinished, repeated.JobId);
        }

        Assert.DoesNotContain(inference.Requests, request => request.Range.StartFrame < 20);
        var finished = await ReadAsync(cluster);
        Assert.Equal(finished.Results[completed], finished.Results[unfinished]);

        Assert.Equal((0, true), await RunAsync("export", Export + "2", cluster));
        Assert.Equal((0, true), await RunAsync("import", Export + "2", Target));

        var back = await ReadAsync(Target);
        Assert.Equal(finished.Jobs, back.Jobs);
        Assert.Equal(finished.Results, back.Results);
        Assert.Equal((0, true), await RunAsync("verify", null, Target));
    }

    [Fact]
    public async Task Import_FileOfASegmentDamaged_IsRefusedAndContinuesWithTheRepairedExport()
    {
        await MakeJobsAsync(Source);
        await RunAsync("export", Export, Source);
        var before = await ReadAsync(Source);
        var damaged = Directory.EnumerateFiles(
                Path.Combine(Export, ExportFolder.FilesName), "*", SearchOption.AllDirectories)
            .OrderBy(file => new FileInfo(file).Length)
            .First();
        var intact = await File.ReadAllBytesAsync(damaged, Cancellation);
        var bytes = intact.ToArray();
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes, Cancellation);

        var (code, text) = await TextOfAsync("import", Export, Target);

        Assert.Equal(2, code);
        Assert.Contains($"{Path.GetFileName(damaged)} is damaged", text, StringComparison.Ordinal);
        Assert.NotEqual(before.Segments, (await ReadAsync(Target)).Segments);
        await File.WriteAllBytesAsync(damaged, intact, Cancellation);
        Assert.Equal((0, true), await RunAsync("import", Export, Target));
        var after = await ReadAsync(Target);
        Assert.Equal(before.Jobs, after.Jobs);
        Assert.Equal(before.Segments, after.Segments);
        Assert.Equal(before.FailedSegments, after.FailedSegments);
    }

    [Fact]
    public async Task Import_JobIsThereWithOtherValues_IsRefusedAndKeepsIt()
    {
        var job = TestJobs.Full() with { Lease = null };
        await StoreAsync(Source, job);
        var other = job with { DisplayName = "other" };
        await StoreAsync(Target, other);
        await RunAsync("export", Export, Source);

        var (code, text) = await TextOfAsync("import", Export, Target);

        Assert.Equal(2, code);
        Assert.Contains($"Job {job.JobId} is in the database with other values", text, StringComparison.Ordinal);
        await using var target = await OpenAsync(Target);
        Assert.Equal(
            TestJobs.Text(other), TestJobs.Text(await target.Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Import_RequestIdOfAnotherJob_IsRefused()
    {
        var job = TestJobs.Pending(requestId: Guid.NewGuid());
        await StoreAsync(Source, job);
        var owner = TestJobs.Pending(requestId: job.RequestId);
        await StoreAsync(Target, owner);
        await RunAsync("export", Export, Source);

        var (code, text) = await TextOfAsync("import", Export, Target);

        Assert.Equal(2, code);
        Assert.Contains($"job {owner.JobId} has its request_id", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_EveryField_IsImportedAndMissingVideosAreReported()
    {
        var job = TestJobs.Full();
        await StoreAsync(Source, job);

        var (code, text) = await TextOfAsync("export", Export, Source);

        Assert.Equal(1, code);
        Assert.Contains($"job {job.JobId}: its video is missing", text, StringComparison.Ordinal);
        Assert.Equal((0, true), await RunAsync("import", Export, Target));
        await using var target = await OpenAsync(Target);
        var imported = await target.Store.FindAsync(job.JobId, Cancellation);
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(imported! with { InputPath = job.InputPath }));
        Assert.Equal(
            job.JobId, (await target.Store.FindByRequestIdAsync(job.RequestId!.Value, Cancellation))?.JobId);
    }

    [Fact]
    public async Task Export_MessagesToWebhooksAreNotDelivered_ReportsTheirNumber()
    {
        var path = _folder.File("source", "foregsyte.duckdb");
        await using (var source = new DatabaseFixture(path, webhooks: new WebhookRoutes([], 1 << 16)))
        {
            for (var i = 0; i < 2; i++)
            {
                var job = TestJobs.Pending() with
                {
                    Webhook = new JobWebhook("https://hooks.example/a", OnStart: false, OnEnd: true),
                };
                await source.Store.InsertAsync(JobTransitions.Cancel(job, TestJobs.Noon), Cancellation);
            }
        }

        var (code, text) = await TextOfAsync("export", Export, Source);

        Assert.Equal(1, code);
        Assert.Contains(
            "problem: 2 messages to webhooks are not delivered and do not move", text, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Export, ExportFolder.ManifestName)), "The export is not complete.");
    }

    [Fact]
    public async Task Export_RequestIdWasForgotten_StaysForgotten()
    {
        var job = TestJobs.Pending(requestId: Guid.NewGuid());
        await StoreAsync(Source, job);
        await using (var source = await OpenAsync(Source))
        {
            await source.Store.ForgetRequestIdsAsync(DateTimeOffset.MaxValue, Cancellation);
        }

        await RunAsync("export", Export, Source);
        await RunAsync("import", Export, Target);
        Assert.Equal((0, true), await RunAsync("import", Export, Target));

        await using var target = await OpenAsync(Target);
        Assert.NotNull(await target.Store.FindAsync(job.JobId, Cancellation));
        Assert.Null(await target.Store.FindByRequestIdAsync(job.RequestId!.Value, Cancellation));
    }

    [Theory]
    [InlineData(ExportFolder.JobsName, "is damaged")]
    [InlineData(ExportFolder.ManifestName, "cannot be read")]
    [InlineData("", "not a complete export")]
    public async Task Import_ExportIsNotIntact_IsRefusedBeforeAnythingIsStored(string damaged, string expected)
    {
        await StoreAsync(Source, TestJobs.Pending());
        await RunAsync("export", Export, Source);
        if (damaged.Length == 0)
        {
            File.Delete(Path.Combine(Export, ExportFolder.ManifestName));
        }
        else
        {
            await File.AppendAllTextAsync(Path.Combine(Export, damaged), "}", Cancellation);
        }

        var (code, text) = await TextOfAsync("import", Export, Target);

        Assert.Equal(2, code);
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.Empty((await ReadAsync(Target)).Jobs);
    }

    [Fact]
    public async Task Export_FolderNotEmptyOrDatabaseMissing_IsRefused()
    {
        var (missingCode, missing) = await TextOfAsync("export", Export, Source);
        await StoreAsync(Source, TestJobs.Pending());
        Directory.CreateDirectory(Export);
        await File.WriteAllTextAsync(Path.Combine(Export, "x"), "", Cancellation);

        var (code, text) = await TextOfAsync("export", Export, Source);

        Assert.Equal((2, 2), (missingCode, code));
        Assert.Contains("does not exist", missing, StringComparison.Ordinal);
        Assert.Contains("is not empty", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExportAndImport_WhileAJobServiceRuns_AreRefused()
    {
        var postgres = await servers.PostgresOrSkipAsync();
        await StoreAsync(Source, TestJobs.Pending());
        await RunAsync("export", Export, Source);
        await using var node = new PostgresNode(await PostgresNode.CreateDatabaseAsync(postgres));
        (string, string)[] shared =
        [
            ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", node.Options.Value.ConnectionString),
            .. Local("shared"),
        ];
        await node.ListenAsync();
        await Wait.UntilAsync(() => node.Listener.IsLeader, "the node leads");

        foreach (var (command, folder) in ((string, string)[])[("import", Export), ("export", Export + "2")])
        {
            var (code, text) = await TextOfAsync(command, folder, shared);
            Assert.Equal(2, code);
            Assert.Contains("A JobService runs on the database", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Backup_OfPostgreSql_SaysWhatToUse()
    {
        var (code, text) = await TextOfAsync(
            "backup", null,
            [.. Source, ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", "Host=127.0.0.1"), ("to", Export)]);

        Assert.Equal(2, code);
        Assert.Contains("pg_dump", text, StringComparison.Ordinal);
    }

    private static (string, string)[] Cluster(string connectionString, TestBucket bucket) =>
    [
        ("Store", "PostgreSql"), ("PostgreSql:ConnectionString", connectionString), ("Storage", "S3"),
        ("S3:Endpoint", bucket.Options.Endpoint), ("S3:Bucket", bucket.Options.Bucket), ("S3:PathStyle", "true"),
        ("S3:Region", bucket.Options.Region), ("S3:AccessKeyFile", bucket.Options.AccessKeyFile),
        ("S3:SecretKeyFile", bucket.Options.SecretKeyFile), ("DataDirectory", bucket.Folder.File("node")),
    ];

    private (string Key, string Value)[] Local(string name) => [("DataDirectory", _folder.File(name))];

    /// <summary>
    /// Runs one job to its end and another one with the same video until 2 of 10 segments are stored. Both lose a
    /// frame.
    /// </summary>
    private static async Task<(string Completed, string Unfinished)> MakeJobsAsync((string, string)[] settings)
    {
        var unfinished = "";
        var inference = MovingObjects.Inference((request, _, cancellationToken) =>
            request.JobId == unfinished && request.Range.StartFrame >= 20
                ? Task.Delay(Timeout.Infinite, cancellationToken)
                : Task.CompletedTask);
        inference.IsLost = frame => frame == 5;
        await using var service = await RunningJobService.StartAsync(inference, [.. settings, .. OneAtATime]);
        var completed = await service.SubmitAsync();
        await service.GetWhenAsync(completed.JobId, job => job.Status == JobStatus.Completed);
        var serving = new TaskCompletionSource();
        inference.Serving = cancellationToken => serving.Task.WaitAsync(cancellationToken);
        unfinished = (await service.SubmitAsync(requestId: "6f9619ff-8b86-4011-b42d-00c04fc964ff")).JobId;
        inference.Serving = _ => Task.CompletedTask;
        serving.SetResult();
        await service.GetWhenAsync(unfinished, job => job.Progress?.FramesDone == 19);
        await Wait.UntilAsync(
            () => inference.Requests.Any(request =>
                request.JobId == unfinished && request.Range.StartFrame == 20), "the third segment runs");
        return (completed.JobId, unfinished);
    }

    /// <summary>Everything that a move keeps.</summary>
    private static async Task<Contents> ReadAsync((string, string)[] settings)
    {
        await using var tools = await OpenAsync(settings);
        var contents = new Contents([], [], [], []);
        foreach (var job in await tools.Store.ListAsync(new JobQuery(null, null, 100), Cancellation))
        {
            contents.Jobs.Add(TestJobs.Text(job with { InputPath = "", OutputPath = null }));
            if (job.OutputPath is { } key)
            {
                Assert.True(job.HasTracks, "The job has no tracks.");
                contents.Results[job.JobId.ToString()] = Convert.ToBase64String(
                [
                    .. await tools.Storage.ReadAsync(key), .. await tools.Storage.ReadAsync(ArtifactKeys.Tracks(key)),
                ]);
            }

            foreach (var run in await tools.Store.ListFailedSegmentsAsync(job.JobId, Cancellation))
            {
                contents.FailedSegments.Add($"{run.Segment} {run.Attempt} {run.Failure?.Message} {run.EndedAt}");
            }

            foreach (var segment in await tools.Segments.ReadPlanAsync(job.JobId, Cancellation) ?? [])
            {
                if (await tools.Segments.ReadStoredAsync(
                    job.JobId, segment, job.FrameStride, Cancellation) is { } stored)
                {
                    contents.Segments.Add($"{segment} {stored}");
                }
            }
        }

        return contents;
    }

    private static async Task<AdminTools> OpenAsync((string, string)[] settings) =>
        await AdminTools.OpenAsync(Arguments(settings), _ => Task.CompletedTask);

    private static async Task StoreAsync((string, string)[] settings, JobRecord job)
    {
        await using var tools = await OpenAsync(settings);
        await tools.Store.InsertAsync(job, Cancellation);
    }

    /// <summary>Runs a command; returns its exit code and whether it printed no problem.</summary>
    private static async Task<(int Code, bool IsClean)> RunAsync(
        string command, string? folder, (string, string)[] settings)
    {
        var (code, text) = await TextOfAsync(command, folder, settings);
        TestContext.Current.SendDiagnosticMessage("{0}: {1}", command, text);
        return (code, !text.Contains("problem:", StringComparison.Ordinal));
    }

    private static async Task<(int Code, string Text)> TextOfAsync(
        string command, string? folder, (string, string)[] settings)
    {
        using var text = new StringWriter();
        string[] arguments = folder is null ? [command] : [command, folder];
        var code = await AdminCommandLine.RunAsync(
            [.. arguments, .. Arguments(settings)], text, text, _ => Task.CompletedTask, Cancellation);
        return (code, text.ToString());
    }

    private static string[] Arguments((string Key, string Value)[] settings) =>
    [
        .. settings.Select(setting => $"--{setting.Key}={setting.Value}"),
        $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
    ];

    private sealed record Contents(
        List<string> Jobs, SortedDictionary<string, string> Results, List<string> Segments,
        List<string> FailedSegments);
}
