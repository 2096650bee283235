using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Backups of a stopped and of a running service, and restore, by the steps of docs/operations.md.</summary>
public sealed class BackupTests
{
    private static readonly SubmitOptions FewFrames = new() { PipelineId = "detect_only", MaxFrames = 2 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restore_InANewFolder_HasEveryJobAndItsResults()
    {
        using var backup = new TemporaryFolder();
        await using var services = new Installation();
        await services.StartAsync();
        var (completed, waiting) = await MakeJobsAsync(services);
        var results = await ResultsAsync(services, completed);

        Assert.Equal(0, await services.JobService.StopAsync());
        await services.JobService.DisposeAsync();
        await AdminAsync(services.Data, "backup", "--to", backup.File("database"));
        await CopyAsync(services.Storage, backup.File("video_jobs"));

        // The machine is lost; only the backup remains.
        Directory.Delete(services.Data, recursive: true);
        Directory.CreateDirectory(services.Data);
        await CopyAsync(backup.File("video_jobs"), services.Storage);
        await AdminAsync(services.Data, "restore", "--from", backup.File("database"));
        Assert.Contains("problems  0", await AdminAsync(services.Data, "verify"), StringComparison.Ordinal);
        await services.StartJobServiceAsync();
        await AssertJobsAsync(services, completed, waiting, results);
    }

    [Fact]
    public async Task Backup_OfARunningService_RestoresItAfterItsLoss()
    {
        using var backup = new TemporaryFolder();
        await using var services = new Installation();
        await services.StartAsync();
        var (completed, waiting) = await MakeJobsAsync(services);
        var results = await ResultsAsync(services, completed);
        Backup made;
        await using (var client = services.Client())
        {
            await client.UndrainServerAsync(cancellationToken: Token);
            made = await Wait.ForAsync(
                () => client.CreateBackupAsync("monday", cancellationToken: Token),
                found => found.State != BackupState.Running,
                "the backup ends");
        }

        Assert.Equal((BackupState.Completed, 5L, 0L), (made.State, made.JobCount, made.CopiedBytes));
        await CopyAsync(made.Path, backup.Path);
        await services.JobService.KillAsync();
        await services.JobService.DisposeAsync();

        // The machine is lost; only the copy of the backup remains.
        Directory.Delete(services.Data, recursive: true);
        Directory.CreateDirectory(services.Data);
        await AdminAsync(services.Data, "restore", "--from", backup.File("monday"));
        Assert.Contains("problems  0", await AdminAsync(services.Data, "verify"), StringComparison.Ordinal);
        await services.StartJobServiceAsync();
        await AssertJobsAsync(services, completed, waiting, results);
    }

    /// <summary>All jobs are there, the completed ones with their results, and the others complete.</summary>
    private static async Task AssertJobsAsync(
        Installation services, IReadOnlyList<string> completed, IReadOnlyList<string> waiting,
        IReadOnlyList<FrameResult> results)
    {
        await using var client = services.Client();
        var jobs = await client.ListJobsAsync(cancellationToken: Token).ToListAsync(Token);
        Assert.Equal(completed.Concat(waiting).Order(), jobs.Select(job => job.JobId).Order());
        Assert.Equal(results, await ResultsAsync(services, completed));
        foreach (var jobId in waiting)
        {
            var job = await client.WaitForCompletionAsync(jobId, Wait.Timeout, cancellationToken: Token);
            Assert.Equal(JobStatus.Completed, job.Status);
        }
    }

    /// <summary>Submits jobs that complete and, during a drain, jobs that stay pending.</summary>
    private static async Task<(IReadOnlyList<string> Completed, IReadOnlyList<string> Waiting)> MakeJobsAsync(
        Installation services)
    {
        await using var client = services.Client();
        var completed = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, FewFrames, cancellationToken: Token);
            completed.Add((await client.WaitForCompletionAsync(
                job.JobId, Wait.Timeout, cancellationToken: Token)).JobId);
        }

        await client.DrainServerAsync(cancellationToken: Token);
        var waiting = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            waiting.Add((await client.SubmitFileAsync(
                RepositoryFiles.Pedestrians, FewFrames, cancellationToken: Token)).JobId);
        }

        return (completed, waiting);
    }

    private static async Task<IReadOnlyList<FrameResult>> ResultsAsync(
        Installation services, IEnumerable<string> jobIds)
    {
        await using var client = services.Client();
        var results = new List<FrameResult>();
        foreach (var jobId in jobIds)
        {
            results.AddRange(await client.GetResultsAsync(jobId, cancellationToken: Token).ToListAsync(Token));
        }

        return results;
    }

    private static async Task<string> AdminAsync(string data, params string[] arguments)
    {
        await using var command = ServiceProcess.LaunchWith(
            "JobService", new Dictionary<string, string> { ["DataDirectory"] = data }, arguments);
        var exitCode = await command.Exit.WaitAsync(Wait.Timeout, Token);
        Assert.True(exitCode == 0, $"Exit code {exitCode}: {command.Output}");
        return command.Output;
    }

    /// <summary>Copies with cp -a, as the document says: it keeps the hard links between videos.</summary>
    private static async Task CopyAsync(string from, string to) =>
        await Cli.Wrap("cp").WithArguments(["-a", from, to]).ExecuteBufferedAsync(Token);
}
