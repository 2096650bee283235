using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Message = ForegSyte.V1.Backup;

namespace ForegSyte.Jobs.Tests.Backups;

/// <summary>CreateBackup of a running service, and restore, with the real database and files.</summary>
public sealed class BackupRpcTests
{
    /// <summary>A file system in memory.</summary>
    private const string OtherDisk = "/dev/shm";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CreateBackup_WhileJobsAreSubmittedAndRun_RestoresEveryJobThatWasAcknowledged()
    {
        using var folder = new TemporaryFolder();
        await BackUpAndRestoreAsync(folder.Path, areLinks: true);
    }

    [Fact]
    public async Task CreateBackup_OnAnotherDisk_CopiesTheFiles()
    {
        Assert.SkipUnless(Directory.Exists(OtherDisk), $"There is no {OtherDisk}.");
        var folder = Directory.CreateDirectory(Path.Combine(OtherDisk, $"foregsyte-test-{Guid.NewGuid():N}"));
        try
        {
            await BackUpAndRestoreAsync(folder.FullName, areLinks: false);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Hold_JobIsDeletedMeanwhile_KeepsItsFilesUntilTheNextCleanup()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        var cleaner = service.Services.GetRequiredService<JobCleaner>();

        using (service.Services.GetRequiredService<DeletionHold>().Take())
        {
            await service.Client.DeleteJobAsync(
                new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancellation);
            await cleaner.CleanAsync(Cancellation);
            Assert.True(File.Exists(service.PathOf($"{jobId}.mp4")), "The video of a deleted job is gone.");
        }

        await cleaner.CleanAsync(Cancellation);

        Assert.False(File.Exists(service.PathOf($"{jobId}.mp4")), "The video of a deleted job remains.");
        Assert.False(File.Exists(service.PathOf($"{jobId}_results.json")), "The results of a deleted job remain.");
    }

    [Theory]
    [InlineData("../up")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a1234567890123456789012345678901234567890123456789012345678901234")]
    public async Task CreateBackup_IdThatIsNoFolderName_IsRefused(string backupId)
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());

        var refusal = await Refusal.OfAsync(service.Client.CreateBackupAsync(
            new CreateBackupRequest { BackupId = backupId }, cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.InvalidField, refusal.Reason);
    }

    [Fact]
    public async Task CreateBackup_FolderCannotBeMade_FailsAndSaysWhy()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("file"), "", Cancellation);
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Backup:Directory", folder.File("file", "backups")));

        var backup = await BackUpAsync(service, "");

        Assert.Equal(BackupState.Failed, backup.State);
        Assert.Contains(folder.File("file"), backup.Error, StringComparison.Ordinal);
        Assert.Matches("^[0-9]{8}T[0-9]{6}Z$", backup.BackupId);
    }

    [Fact]
    public async Task CreateBackup_FolderOfSomethingElse_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("mine"));
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Backup:Directory", folder.Path));

        var refusal = await Refusal.OfAsync(service.Client.CreateBackupAsync(
            new CreateBackupRequest { BackupId = "mine" }, cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.InvalidField, refusal.Reason);
    }

    [Fact]
    public void HoldsFiles_OfLinksAndCopies_DependsOnTheManifest()
    {
        using var folder = new TemporaryFolder();
        var backups = new BackupFolder(Options.Create(new BackupOptions { Directory = folder.Path }));
        Assert.False(backups.HoldsFiles, "An empty folder holds files.");
        Write("copied", copiedBytes: 100);
        Assert.False(backups.HoldsFiles, "Copies hold files.");
        Write("linked", copiedBytes: 0);
        Assert.True(backups.HoldsFiles, "Hard links hold no files.");

        void Write(string name, long copiedBytes)
        {
            Directory.CreateDirectory(folder.File(name));
            new BackupManifest(default, 1, 1, 1, "") { FileCount = 1, FileBytes = 100, CopiedBytes = copiedBytes }
                .Write(folder.File(name));
        }
    }

    private static async Task BackUpAndRestoreAsync(string folder, bool areLinks)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var segments = 0;
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference
            {
                OnRun = async (_, _, cancellationToken) =>
                {
                    if (Interlocked.Increment(ref segments) > 12)
                    {
                        started.TrySetResult();
                        await Task.Delay(Timeout.Infinite, cancellationToken);
                    }
                },
            },
            ("Backup:Directory", folder), ("Stop:GraceTime", "100ms"));
        var acknowledged = new HashSet<string>();
        for (var number = 0; number < 6; number++)
        {
            acknowledged.Add((await service.SubmitAsync()).JobId);
        }

        await started.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var submissions = SubmitUntilAsync(service, stop.Token);
        acknowledged.Add((await service.SubmitAsync()).JobId);

        var backup = await BackUpAsync(service, "monday");
        await stop.CancelAsync();
        await submissions;

        Assert.Equal((BackupState.Completed, ""), (backup.State, backup.Error));
        Assert.True(areLinks == (backup.CopiedBytes == 0), $"Links and copies are mixed up: {backup}");
        Assert.Equal(backup, await BackUpAsync(service, "monday"));
        using var target = new TemporaryFolder();
        var text = await AdminAsync(target, 0, "restore", "--from", backup.Path);
        Assert.Contains($"restored: {backup.JobCount} jobs", text, StringComparison.Ordinal);
        Assert.Contains("problems  0", await AdminAsync(target, 0, "verify"), StringComparison.Ordinal);
        Assert.Superset(
            acknowledged,
            Directory.EnumerateFiles(target.File("video_jobs"), "*.mp4")
                .Select(path => Path.GetFileNameWithoutExtension(path)).ToHashSet());
    }

    private static async Task SubmitUntilAsync(RunningJobService service, CancellationToken stopped)
    {
        while (!stopped.IsCancellationRequested)
        {
            await service.SubmitAsync();
        }
    }

    private static async Task<Message> BackUpAsync(RunningJobService service, string backupId)
    {
        var begun = (await service.Client.CreateBackupAsync(
            new CreateBackupRequest { BackupId = backupId }, cancellationToken: Cancellation)).Backup;
        return await Wait.ForAsync(
            async () => (await service.Client.CreateBackupAsync(
                new CreateBackupRequest { BackupId = begun.BackupId }, cancellationToken: Cancellation)).Backup,
            backup => backup.State != BackupState.Running,
            "the backup ends");
    }

    private static async Task<string> AdminAsync(TemporaryFolder data, int expected, params string[] arguments)
    {
        using var text = new StringWriter();
        var code = await AdminCommandLine.RunAsync(
            [
                .. arguments,
                $"--DataDirectory={data.Path}",
                $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
            ],
            text, text, _ => Task.CompletedTask, Cancellation);
        Assert.True(code == expected, $"Exit code {code}: {text}");
        return text.ToString();
    }
}
