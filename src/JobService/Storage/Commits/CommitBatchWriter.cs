using DuckDB.NET.Data;
using ForegSyte.Jobs.Faults;

namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Writes the rows of a round, a fixed number of statements however many rows there are.</summary>
internal sealed class CommitBatchWriter(DuckDBConnection connection, CrashPoints crashPoints, TimeProvider time)
{
    private readonly DuckDbTable<JobRecord> _jobs = new(connection, "jobs", JobColumns.Jobs, keyLength: 1);
    private readonly DuckDbTable<AttemptRow> _attempts = new(connection, "attempts", JobColumns.Attempts, keyLength: 2);
    private readonly DuckDbTable<RequestRow> _requests =
        new(connection, "request_ids", JobColumns.Requests, keyLength: 1);

    private readonly IReadOnlyList<Column<AttemptRow>> _changingAttemptColumns = [.. JobColumns.Attempts.Skip(2)];

    /// <summary>Writes the rows in one transaction; when this returns, they are durable.</summary>
    public void Write(ChangeSet rows)
    {
        using var transaction = connection.BeginTransaction();
        RemoveGone(rows);
        _jobs.Append(rows.NewJobs);
        _jobs.Update(rows.ChangedJobs, JobColumns.Changing);
        _attempts.Append(rows.NewAttempts);
        _attempts.Update(rows.ChangedAttempts, _changingAttemptColumns);
        _requests.Append(rows.NewRequests);
        crashPoints.Pass(CrashPoint.CommitBegun);
        transaction.Commit();
        crashPoints.Pass(CrashPoint.CommitDone);
    }

    private void RemoveGone(ChangeSet rows)
    {
        if (rows.GoneJobs.Count > 0)
        {
            connection.Execute(JobSql.DeleteAttemptsOfJobs, ("job_ids", rows.GoneJobs));
            connection.Execute(JobSql.DeleteJobs, ("job_ids", rows.GoneJobs));
        }

        if (rows.GoneAttempts.Count > 0)
        {
            connection.Execute(
                JobSql.DeleteAttempts,
                ("job_ids", rows.GoneAttempts.Select(row => row.JobId).ToList()),
                ("numbers", rows.GoneAttempts.Select(row => row.Attempt.Number).ToList()));
        }

        if (rows.GoneRequests.Count > 0)
        {
            connection.Execute(
                JobSql.DeleteRequests,
                ("request_ids", rows.GoneRequests.Select(row => row.RequestId).ToList()),
                ("job_ids", rows.GoneRequests.Select(row => row.JobId).ToList()));
        }

        if (rows.Tombstones.Count > 0)
        {
            connection.Execute(
                JobSql.InsertDeleted, ("job_ids", rows.Tombstones),
                ("deleted_at", time.GetUtcNow().UtcDateTime));
        }
    }
}
