using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>Reads records with their attempts. To be called in a transaction, so that both are of one moment.</summary>
internal static class StoredJobs
{
    /// <summary>
    /// Ids that are looked up at a time. Up to about here DuckDB uses the index of the key; with 250 it read the whole
    /// column of a million jobs, in 80 ms instead of 3.
    /// </summary>
    public const int KeysAtATime = 50;

    /// <summary>One job; null where there is none.</summary>
    public static JobRecord? Find(DuckDBConnection connection, Guid jobId)
    {
        (string, object?) key = ("job_id", jobId);
        return connection.Query(JobSql.FindJob, JobRow.ReadJob, key) is [var job]
            ? job with { Attempts = connection.Query(JobSql.FindAttempts, JobRow.ReadAttempt, key) }
            : null;
    }

    /// <summary>Those of the jobs that there are.</summary>
    public static IEnumerable<JobRecord> Find(DuckDBConnection connection, IReadOnlyCollection<Guid> jobIds) =>
        jobIds.Count == 1
            ? Find(connection, jobIds.Single()) is { } job ? [job] : []
            : jobIds.Chunk(KeysAtATime)
                .SelectMany(keys => List(connection, JobSql.FindJobs, ("job_ids", keys.ToList())));

    /// <summary>The jobs that a query over all columns of jobs finds, in its order.</summary>
    public static List<JobRecord> List(
        DuckDBConnection connection, string sql, params IEnumerable<(string Name, object? Value)> parameters)
    {
        var jobs = connection.Query(sql, JobRow.ReadJob, parameters);
        if (jobs.Count == 0)
        {
            return jobs;
        }

        var attempts = connection
            .Query(
                JobSql.FindAttemptsOfJobs,
                reader => new AttemptRow(reader.GetGuid(0), JobRow.ReadAttempt(reader)),
                ("job_ids", jobs.Select(job => job.JobId).ToList()))
            .ToLookup(row => row.JobId, row => row.Attempt);
        return [.. jobs.Select(job => job with { Attempts = [.. attempts[job.JobId]] })];
    }
}
