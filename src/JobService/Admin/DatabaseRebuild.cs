using System.Globalization;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Makes the database anew from the storage: completed jobs from their sidecars, and, where a pipeline is given,
/// pending jobs from videos without one. Never touches a database that has jobs.
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
        if (DatabasePlace.Take(path, building, now) is { } aside)
        {
            output.WriteLine($"set aside: {aside}");
        }

        foreach (var problem in found.Problems)
        {
            output.WriteLine($"problem: {problem}");
        }

        foreach (var jobId in found.Skipped)
        {
            output.WriteLine($"skipped: {ArtifactKeys.Video(jobId)} has no sidecar; with --pipeline it becomes a job");
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
                $"There is no pipeline \"{pipelineId}\". There are "
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
                $"{path} has {count} jobs; rebuild merges nothing. Move the database and its .wal away first."));
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
            new DuckDbTable<JobRecord>(connection, "jobs", JobColumns.Jobs, keyLength: 1).Append(jobs);
            new DuckDbTable<AttemptRow>(connection, "attempts", JobColumns.Attempts, keyLength: 2).Append(
                [.. jobs.SelectMany(job => job.Attempts.Select(attempt => new AttemptRow(job.JobId, attempt)))]);
            transaction.Commit();
        }

        connection.Execute("CHECKPOINT");
    }
}
