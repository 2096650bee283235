using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>One commit of <see cref="PostgresCommitter"/>.</summary>
/// <param name="Writer">The writer that makes it.</param>
/// <param name="Keys">Finds out, in the transaction, which jobs it changes.</param>
/// <param name="Apply">Decides the changes.</param>
/// <param name="End">Answers the callers: with null once it is durable, or with why its outcome is unknown.</param>
internal sealed record Commit(
    CommitWriter Writer,
    Func<NpgsqlConnection, CancellationToken, Task<IReadOnlyList<JobKey>>> Keys,
    Action<CommitBatch> Apply,
    Action<Exception?> End)
{
    /// <summary>The decided changes.</summary>
    public CommitBatch? Batch { get; set; }

    /// <summary>
    /// The search for the outcome of a COMMIT that got no answer; ends with the failure if nothing was committed. It
    /// answers the callers, and has the writer and the jobs until it ends. Null without one.
    /// </summary>
    public Task<Exception?>? Search { get; set; }

    /// <summary>Called with the cause each time the search gets no answer either.</summary>
    public Action<Exception> Stalled { get; init; } = _ => { };
}

/// <summary>Another node was faster; the commit is decided again on what it stored.</summary>
internal sealed class LostRaceException(string message) : Exception(message);

/// <summary>A row of the table writers: the id of the latest commit, so that a lost answer can be found.</summary>
internal sealed class CommitWriter
{
    private bool _isRegistered;

    public Guid Id { get; private set; } = Guid.NewGuid();

    /// <summary>Creates the row before the first commit, which can then be looked for.</summary>
    public async Task RegisterAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_isRegistered)
        {
            return;
        }

        await connection.ExecuteAsync(
            "INSERT INTO writers (writer_id, commit_id, seen_at) VALUES (@writer, @writer, clock_timestamp()) "
            + "ON CONFLICT (writer_id) DO NOTHING",
            cancellationToken, ("writer", Id));
        _isRegistered = true;
    }

    /// <summary>Takes another id: the leader removed the row.</summary>
    public void Renew() => (Id, _isRegistered) = (Guid.NewGuid(), false);
}

/// <summary>Reads and locks what the changes of a commit need.</summary>
internal static class CommitLoad
{
    private const string Requests = "SELECT request_id, job_id FROM request_ids WHERE request_id = ANY(@requests)";

    private const string Ids =
        "(SELECT unnest(@jobs) UNION SELECT job_id FROM request_ids WHERE request_id = ANY(@requests))";

    private static readonly string Jobs =
        $"{JobRows.SelectJobs} WHERE job_id IN {Ids} ORDER BY job_id FOR UPDATE OF jobs";

    private static readonly string Attempts =
        $"{JobRows.SelectAttempts} WHERE job_id IN {Ids} ORDER BY job_id, number";

    /// <summary>
    /// Locks the jobs and reads the server's clock after that, so that no other change comes between the time and the
    /// commit.
    /// </summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="keys">What the changes need, one for each.</param>
    /// <param name="withNewKeys">
    /// Whether to look up new job ids and request ids too. Both are random, so a first try leaves duplicates to the
    /// primary keys.
    /// </param>
    /// <param name="clock">Learns the server's time.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    public static async Task<CommitBatch> RunAsync(
        NpgsqlConnection connection, IReadOnlyList<JobKey> keys, bool withNewKeys, StoreClock clock,
        CancellationToken cancellationToken)
    {
        // Several changes of one new id can be decided without writing its keys, so the primary keys find no duplicate.
        var added = keys.Where(key => key.IsNew).Select(key => key.JobId).ToList();
        var newIds = added.ToHashSet();
        withNewKeys |= newIds.Count < added.Count || keys.Any(key => !key.IsNew && newIds.Contains(key.JobId));
        var jobIds = keys.Where(key => withNewKeys || !key.IsNew).Select(key => key.JobId).Distinct().ToList();
        var requestIds = withNewKeys ? keys.Select(key => key.RequestId).OfType<Guid>().Distinct().ToList() : [];
        if (jobIds.Count + requestIds.Count == 0)
        {
            return new CommitBatch(new Dictionary<Guid, JobRecord>(), new Dictionary<Guid, Guid>(), clock.Now);
        }

        await using var batch = connection.CreateBatch();
        batch.Add(Requests, ("requests", requestIds));
        batch.Add(Jobs, ("jobs", jobIds), ("requests", requestIds));
        batch.Add(Attempts, ("jobs", jobIds), ("requests", requestIds));
        batch.Add("SELECT clock_timestamp()");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var requests = await reader.ReadAllAsync(
            row => (RequestId: row.GetGuid(0), JobId: row.GetGuid(1)), cancellationToken);
        var jobs = await reader.ReadNextAsync(JobRows.ReadJob, cancellationToken);
        var attempts = await reader.ReadNextAsync(JobRows.ReadAttemptRow, cancellationToken);
        var now = (await reader.ReadNextAsync(row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken)).Single();
        clock.Set(now);
        return new CommitBatch(
            JobRows.WithAttempts(jobs, attempts).ToDictionary(job => job.JobId),
            requests.ToDictionary(row => row.RequestId, row => row.JobId), now);
    }
}

/// <summary>
/// Orders what is published about a job: two commits of this process can change one job, if one of them is a claim, and
/// the second can return first.
/// </summary>
internal sealed class CommitOrder
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Task> _latest = [];

    /// <summary>Enters a commit that holds the locks of its jobs; it ends when the turn is disposed.</summary>
    public Turn Enter(IEnumerable<Guid> jobIds)
    {
        var turn = new Turn(this, [.. jobIds.Distinct()]);
        lock (_lock)
        {
            turn.Previous = Task.WhenAll(
                turn.JobIds.Select(jobId => _latest.GetValueOrDefault(jobId, Task.CompletedTask)));
            turn.JobIds.ForEach(jobId => _latest[jobId] = turn.Ended);
        }

        return turn;
    }

    private void End(Turn turn)
    {
        lock (_lock)
        {
            foreach (var jobId in turn.JobIds.Where(jobId => _latest[jobId] == turn.Ended))
            {
                _latest.Remove(jobId);
            }
        }
    }

    /// <summary>The turn of a commit.</summary>
    internal sealed class Turn(CommitOrder order, List<Guid> jobIds) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<Guid> JobIds => jobIds;

        /// <summary>Completes when the earlier commits of the jobs are published.</summary>
        public Task Previous { get; set; } = Task.CompletedTask;

        public Task Ended => _ended.Task;

        /// <inheritdoc />
        public void Dispose()
        {
            order.End(this);
            _ended.SetResult();
        }
    }
}

/// <summary>
/// The clock of the database as this process knows it: the latest time that it read, plus the time since by a monotonic
/// clock. The clock of the machine has no part in it.
/// </summary>
internal sealed class StoreClock(TimeProvider time)
{
    private volatile Reading _latest = new(time.GetUtcNow(), time.GetTimestamp());

    /// <summary>The time by the database's clock.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var latest = _latest;
            return latest.Time + time.GetElapsedTime(latest.Timestamp);
        }
    }

    /// <summary>Sets the time that the database just told.</summary>
    public void Set(DateTimeOffset now) => _latest = new Reading(now, time.GetTimestamp());

    private sealed record Reading(DateTimeOffset Time, long Timestamp);
}
