using System.Globalization;
using DuckDB.NET.Data;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Admin;

/// <summary>Compares the database with the artifacts of its jobs. Changes nothing.</summary>
internal sealed class StoreVerification(AdminTools tools)
{
    private const int JobsAtATime = 500;
    private const int PageBytes = 1 << 20;

    private readonly List<string> _problems = [];
    private readonly HashSet<Guid> _jobs = [];
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Runs the checks and prints a report.</summary>
    /// <returns>0 if there are no problems; 1 otherwise.</returns>
    public static async Task<int> RunAsync(
        AdminTools tools, TextWriter output, CancellationToken cancellationToken)
    {
        if (!File.Exists(tools.DuckDb.Value.Path))
        {
            throw new AdminException($"The database {tools.DuckDb.Value.Path} does not exist. Check DataDirectory.");
        }

        var verification = new StoreVerification(tools);
        using (var database = new DuckDbDatabase(tools.DuckDb, tools.Time))
        {
            verification.CheckSchema(database);
            using var connection = database.Connect();
            await verification.CheckJobsAsync(connection, cancellationToken);
        }

        return await verification.ReportAsync(output, cancellationToken);
    }

    private void CheckSchema(DuckDbDatabase database)
    {
        var applied = tools.MigratorOf(database).AppliedVersions();
        if (!applied.SequenceEqual(MigrationList.OfThisVersion.Versions))
        {
            throw new AdminException(
                $"The schema of {database.Path} has the versions {string.Join(", ", applied)}; this JobService needs "
                + $"{string.Join(", ", MigrationList.OfThisVersion.Versions)}. Start the service once to migrate it, "
                + "or use the version that wrote it.");
        }
    }

    private async Task CheckJobsAsync(DuckDBConnection connection, CancellationToken cancellationToken)
    {
        var ids = connection.Query("SELECT job_id FROM jobs ORDER BY created_at, job_id", reader => reader.GetGuid(0));
        _jobs.UnionWith(ids);
        foreach (var page in ids.Chunk(JobsAtATime))
        {
            foreach (var jobId in page)
            {
                await CheckAsync(
                    jobId, () => CheckJobAsync(JobRows.Find(connection, jobId)!, cancellationToken));
            }
        }

        foreach (var lost in connection.Query(
            "SELECT DISTINCT job_id FROM attempts WHERE job_id NOT IN (SELECT job_id FROM jobs)",
            reader => reader.GetGuid(0)))
        {
            _problems.Add($"job {lost} is missing, but has attempts");
        }
    }

    private async Task CheckJobAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var status = JobStatusNames.Of(job.Status);
        _counts[status] = _counts.GetValueOrDefault(status) + 1;
        if (!job.IsTerminal && !await tools.Storage.ExistsAsync(job.InputPath, cancellationToken))
        {
            _problems.Add($"job {job.JobId} is {status}, but its video {job.InputPath} is missing");
        }

        if (job.Status == JobStatus.Completed)
        {
            await CheckResultsAsync(job, cancellationToken);
        }
    }

    private async Task CheckResultsAsync(JobRecord job, CancellationToken cancellationToken)
    {
        if (job.OutputPath is not { } key || !await tools.Storage.ExistsAsync(key, cancellationToken))
        {
            _problems.Add($"job {job.JobId} is completed, but its results are missing");
            return;
        }

        await using var document = await ResultsDocumentReader.OpenAsync(tools.Storage, key, cancellationToken);
        var frames = 0;
        for (int? next = 0; next is { } start;)
        {
            var page = await document.ReadPageAsync(start, PageBytes, cancellationToken);
            frames += page.Frames.Count;
            next = page.NextFrame;
        }

        if (document.IsIndexDamaged)
        {
            _problems.Add(
                $"job {job.JobId}: the index {ArtifactKeys.ResultsIndex(key)} is damaged; its results are complete and "
                + "pages of them take longer. Delete the index");
        }

        if (job.HasTracks)
        {
            await CheckTracksAsync(job, key, cancellationToken);
        }

        if (frames != job.Summary?.Frames?.Analyzed)
        {
            _problems.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"job {job.JobId} has {job.Summary?.Frames?.Analyzed} analyzed frames, but its results have {frames}"));
        }
    }

    private async Task CheckTracksAsync(JobRecord job, string key, CancellationToken cancellationToken)
    {
        await using var document = await TracksDocumentReader.OpenAsync(tools.Storage, key, cancellationToken);
        var objects = await document.ReadObjectTracksAsync(0, cancellationToken).CountAsync(cancellationToken);
        var texts = await document.ReadTextTracksAsync(0, cancellationToken).CountAsync(cancellationToken);
        var shots = await document.ReadShotsAsync(0, cancellationToken).CountAsync(cancellationToken);
        if (document.IsIndexDamaged)
        {
            _problems.Add(
                $"job {job.JobId}: the index {ArtifactKeys.TracksIndex(key)} is missing or damaged; its tracks are "
                + "complete and pages of them take longer. If it exists, delete it");
        }

        var counted = job.Summary?.Labels.Sum(label => label.TrackCount);
        if ((counted, job.Summary?.TextTrackCount, job.Summary?.ShotCount) != (objects, texts, shots))
        {
            _problems.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"job {job.JobId} has {counted} objects, {job.Summary?.TextTrackCount} texts and "
                + $"{job.Summary?.ShotCount} shots, but its tracks document has {objects}, {texts} and {shots}"));
        }
    }

    private async Task CheckAsync(Guid jobId, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (Exception failure) when (
            failure is ServiceException or DatabaseException or ArgumentException or FormatException
            or InvalidCastException or System.Text.Json.JsonException or Google.Protobuf.InvalidProtocolBufferException
            or Google.Protobuf.InvalidJsonException or IOException)
        {
            _problems.Add($"job {jobId}: {failure.Message}");
        }
    }

    private async Task<int> ReportAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var artifacts = await tools.Storage.ListKeysAsync("", cancellationToken)
            .Select(artifact => ArtifactKeys.JobOf(artifact.Key))
            .ToListAsync(cancellationToken);
        var orphans = artifacts.OfType<Guid>().Where(jobId => !_jobs.Contains(jobId)).Distinct().Count();
        await output.WriteLineAsync(FormattableString.Invariant(
            $"schema    {MigrationList.OfThisVersion.Versions[^1]}"));
        await output.WriteLineAsync(FormattableString.Invariant(
            $"jobs      {_jobs.Count}{string.Concat(_counts.Select(pair => $", {pair.Value} {pair.Key}"))}"));
        await output.WriteLineAsync(FormattableString.Invariant(
            $"artifacts {artifacts.Count}, of {orphans} jobs that are not in the database"));
        foreach (var problem in _problems)
        {
            await output.WriteLineAsync($"problem   {problem}");
        }

        await output.WriteLineAsync(FormattableString.Invariant($"problems  {_problems.Count}"));
        return _problems.Count == 0 ? 0 : 1;
    }
}
