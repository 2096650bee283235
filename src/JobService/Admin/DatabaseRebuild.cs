using System.Globalization;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Recreates the database from the storage: completed jobs from their manifests and, if a pipeline is given, pending
/// jobs from videos without a manifest. It never changes a database that has jobs.
/// </summary>
internal static class DatabaseRebuild
{
    /// <summary>Rebuilds the database.</summary>
    public static async Task<int> RunAsync(
        AdminTools tools, string? pipelineId, string tenant, TextWriter output, CancellationToken cancellationToken)
    {
        var path = CanonicalPath.Resolve(tools.DuckDb.Value.Path);
        RequirePipeline(tools, pipelineId);
        RequireNoJobs(tools, path);
        var now = tools.Time.GetUtcNow();
        var found = await RebuiltJobs.FromAsync(tools.Storage, pipelineId, tenant, now, cancellationToken);
        var building = path + ".rebuilding";
        File.Delete(building);
        Fill(tools, building, found.Jobs);
        if (DatabaseFile.Replace(path, building, now) is { } aside)
        {
            await output.WriteLineAsync($"set aside: {aside}");
        }

        foreach (var problem in found.Problems)
        {
            await output.WriteLineAsync($"problem: {problem}");
        }

        foreach (var jobId in found.Skipped)
        {
            await output.WriteLineAsync(
                $"skipped: {ArtifactKeys.Video(jobId)} has no manifest; with --pipeline it becomes a pending job");
        }

        var completed = found.Jobs.Count(job => job.Status == JobStatus.Completed);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"rebuilt: {completed} completed and {found.Jobs.Count - completed} pending jobs in {path}"));
        return found.Problems.Count == 0 ? 0 : 1;
    }

    private static void RequirePipeline(AdminTools tools, string? pipelineId)
    {
        if (pipelineId is not null && !tools.Pipelines.Contains(pipelineId))
        {
            throw new AdminException(
                $"The pipeline \"{pipelineId}\" does not exist. Choose one of "
                + $"{string.Join(", ", tools.Pipelines.All.Select(pipeline => pipeline.Id))}.");
        }
    }

    private static void RequireNoJobs(AdminTools tools, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var database = new DuckDbDatabase(tools.DuckDb, tools.Time);
        tools.MigratorOf(database).MigrateUp();
        using var connection = database.Connect();
        var count = connection.Query("SELECT count(*) FROM jobs", reader => reader.GetInt64(0)).Single();
        if (count > 0)
        {
            throw new AdminException(string.Create(
                CultureInfo.InvariantCulture,
                $"{path} has {count} jobs; rebuild does not merge. Move the database and its .wal away first."));
        }
    }

    private static void Fill(AdminTools tools, string path, IReadOnlyList<JobRecord> jobs)
    {
        var options = Options.Create(new DatabaseOptions { Path = path });
        using var database = new DuckDbDatabase(options, tools.Time);
        tools.MigratorOf(database).MigrateUp();
        using var connection = database.Connect();
        using (var transaction = connection.BeginTransaction())
        {
            new JobTables(connection).Insert(jobs);
            transaction.Commit();
        }

        connection.Execute("CHECKPOINT");
    }
}

/// <summary>The jobs found in the storage.</summary>
/// <param name="Jobs">Their records, oldest first.</param>
/// <param name="Skipped">Jobs with a video but no manifest, if no pipeline was given.</param>
/// <param name="Problems">What is damaged or missing, a sentence each.</param>
internal sealed record RebuiltJobs(
    IReadOnlyList<JobRecord> Jobs, IReadOnlyList<Guid> Skipped, IReadOnlyList<string> Problems)
{
    /// <summary>Reads the artifacts.</summary>
    public static async Task<RebuiltJobs> FromAsync(
        IStorage storage, string? pipelineId, string tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (jobs, skipped, problems) = (new List<JobRecord>(), new List<Guid>(), new List<string>());
        var keys = await storage.ListKeysAsync("", cancellationToken)
            .Select(artifact => artifact.Key)
            .Where(key => ArtifactKeys.JobOf(key) is not null)
            .ToListAsync(cancellationToken);
        foreach (var ofJob in keys.GroupBy(key => ArtifactKeys.JobOf(key)!.Value).OrderBy(ofJob => ofJob.Key))
        {
            var jobId = ofJob.Key;
            if (await FindCompletedAsync(storage, ofJob, problems, cancellationToken) is { } completed)
            {
                jobs.Add(completed);
            }
            else if (!ofJob.Contains(ArtifactKeys.Video(jobId)))
            {
                problems.Add($"Job {jobId} has artifacts, but no video and no readable manifest with results.");
            }
            else if (pipelineId is null)
            {
                skipped.Add(jobId);
            }
            else
            {
                jobs.Add(Pending(jobId, pipelineId, tenant, now) with
                {
                    VideoBytes = await SizeOfAsync(storage, ArtifactKeys.Video(jobId), cancellationToken),
                });
            }
        }

        return new RebuiltJobs([.. jobs.OrderBy(job => job.CreatedAt).ThenBy(job => job.JobId)], skipped, problems);
    }

    /// <summary>
    /// The job of the newest manifest whose results exist; null if there is none. Only a storage of several JobServices
    /// can have further ones, of attempts that lost their lease.
    /// </summary>
    private static async Task<JobRecord?> FindCompletedAsync(
        IStorage storage, IEnumerable<string> keys, List<string> problems, CancellationToken cancellationToken)
    {
        JobRecord? newest = null;
        foreach (var key in keys.Where(ArtifactKeys.IsSidecar))
        {
            try
            {
                if (await JobManifest.ReadAsync(storage, key, cancellationToken) is { } job
                    && await storage.ExistsAsync(job.OutputPath!, cancellationToken)
                    && (newest is null || IsNewer(job, newest)))
                {
                    newest = job;
                }
            }
            catch (FormatException failure)
            {
                problems.Add(failure.Message);
            }
        }

        return newest is null ? null : newest with
        {
            VideoBytes = await SizeOfAsync(storage, newest.InputPath, cancellationToken),
            ResultBytes = await SizeOfAsync(storage, newest.OutputPath!, cancellationToken)
                + await SizeOfAsync(storage, ArtifactKeys.Tracks(newest.OutputPath!), cancellationToken),
        };
    }

    private static bool IsNewer(JobRecord job, JobRecord other) =>
        (job.Attempts.Count, job.UpdatedAt).CompareTo((other.Attempts.Count, other.UpdatedAt)) > 0;

    private static async Task<long> SizeOfAsync(IStorage storage, string key, CancellationToken cancellationToken)
    {
        if (!await storage.ExistsAsync(key, cancellationToken))
        {
            return 0;
        }

        await using var artifact = await storage.OpenReadAsync(key, cancellationToken);
        return artifact.Length;
    }

    private static JobRecord Pending(Guid jobId, string pipelineId, string tenant, DateTimeOffset now) =>
        JobPrecision.Cut(new JobRecord
        {
            JobId = jobId,
            Tenant = tenant,
            Status = JobStatus.Pending,
            PipelineId = pipelineId,
            InputPath = ArtifactKeys.Video(jobId),
            CreatedAt = now,
            UpdatedAt = now,
            QueuedAt = now,
        });
}
