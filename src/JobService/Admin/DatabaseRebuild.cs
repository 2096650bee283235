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
    public static int Run(AdminTools tools, string? pipelineId, string tenant, TextWriter output)
    {
        var path = CanonicalPath.Resolve(tools.Database.Value.Path);
        RequirePipeline(tools, pipelineId);
        RequireNoJobs(tools, path);
        var now = tools.Time.GetUtcNow();
        var found = RebuiltJobs.From(tools.Storage, pipelineId, tenant, now);
        var building = path + ".rebuilding";
        File.Delete(building);
        Fill(tools, building, found.Jobs);
        if (DatabaseFile.Replace(path, building, now) is { } aside)
        {
            output.WriteLine($"set aside: {aside}");
        }

        foreach (var problem in found.Problems)
        {
            output.WriteLine($"problem: {problem}");
        }

        foreach (var jobId in found.Skipped)
        {
            output.WriteLine(
                $"skipped: {ArtifactKeys.Video(jobId)} has no manifest; with --pipeline it becomes a pending job");
        }

        var completed = found.Jobs.Count(job => job.Status == JobStatus.Completed);
        output.WriteLine(string.Create(
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

        using var database = new DuckDbDatabase(tools.Database, tools.Time);
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
    public static RebuiltJobs From(IStorage storage, string? pipelineId, string tenant, DateTimeOffset now)
    {
        var (jobs, skipped, problems) = (new List<JobRecord>(), new List<Guid>(), new List<string>());
        foreach (var jobId in storage.ListKeys().Select(ArtifactKeys.JobOf).OfType<Guid>().Distinct().Order())
        {
            try
            {
                if (JobManifest.Read(storage, jobId) is { } completed && storage.Exists(ArtifactKeys.Results(jobId)))
                {
                    jobs.Add(completed with
                    {
                        VideoBytes = SizeOf(storage, ArtifactKeys.Video(jobId)),
                        ResultBytes = SizeOf(storage, ArtifactKeys.Results(jobId)),
                    });
                    continue;
                }
            }
            catch (FormatException failure)
            {
                problems.Add(failure.Message);
            }

            if (!storage.Exists(ArtifactKeys.Video(jobId)))
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
                    VideoBytes = SizeOf(storage, ArtifactKeys.Video(jobId)),
                });
            }
        }

        return new RebuiltJobs([.. jobs.OrderBy(job => job.CreatedAt).ThenBy(job => job.JobId)], skipped, problems);
    }

    private static long SizeOf(IStorage storage, string key)
    {
        if (!storage.Exists(key))
        {
            return 0;
        }

        using var artifact = storage.OpenRead(key);
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
