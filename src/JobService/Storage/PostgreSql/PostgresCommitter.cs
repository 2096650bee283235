using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Queue;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Runs the commits of <see cref="PostgresWriter"/>: locks and reads, decides, writes, and publishes what is durable.
/// If the connection breaks during COMMIT, it finds out whether the commit is durable.
/// </summary>
internal sealed class PostgresCommitter : IDisposable
{
    /// <summary>How often a commit runs that lost against one of another node.</summary>
    private const int MaxTries = 10;

    /// <summary>How long callers wait for an unknown outcome: less than a lease lasts.</summary>
    private static readonly TimeSpan OutcomeTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan OutcomeInterval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly PostgresDatabase _database;
    private readonly PostgresOptions _options;
    private readonly PostgresTables _tables;
    private readonly StoreClock _clock;
    private readonly CrashPoints _crashPoints;
    private readonly JobMetrics _metrics;
    private readonly WebhookRoutes _webhooks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CommitOrder _order = new();
    private readonly Dictionary<Guid, Dictionary<string, TenantUsage>> _writers = [];
    private readonly CancellationTokenSource _closing = new();

    public PostgresCommitter(
        PostgresDatabase database, StoreClock clock, IOptions<PostgresOptions> options, IOptions<QueueOptions> queue,
        CrashPoints crashPoints, JobMetrics metrics, WebhookRoutes webhooks, TimeProvider time,
        ILogger<PostgresCommitter> logger)
    {
        (_database, _clock, _options) = (database, clock, options.Value);
        (_crashPoints, _metrics, _webhooks, _time, _logger) = (crashPoints, metrics, webhooks, time, logger);
        _tables = new PostgresTables(queue.Value.AgeingStep);
    }

    /// <summary>Raised for every change of this process, for each job in order, before its caller continues.</summary>
    public event Action<JobCommit>? Committed;

    /// <summary>Ids of the writers of this process in the tables writers and tenant_usage.</summary>
    public IReadOnlyList<Guid> WriterIds
    {
        get
        {
            lock (_lock)
            {
                return [.. _writers.Keys];
            }
        }
    }

    /// <summary>What writers of this process added to tenant_usage, by tenant.</summary>
    public IReadOnlyDictionary<string, TenantUsage> UsageOf(IEnumerable<Guid> writerIds)
    {
        var sum = new Dictionary<string, TenantUsage>();
        lock (_lock)
        {
            foreach (var added in writerIds.SelectMany(writerId => _writers[writerId].Values))
            {
                UsageChanges.Add(sum, added);
            }
        }

        return sum;
    }

    /// <summary>
    /// Runs a commit, again if another node won; returns the failure if nothing was committed. Null if it is durable,
    /// or if <see cref="Commit.Search"/> finds that out.
    /// </summary>
    public async Task<Exception?> CommitAsync(Commit commit, bool withNewKeys, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await TryCommitAsync(commit, withNewKeys || tries > 1, cancellationToken);
            }
            catch (Exception failure)
                when (tries < MaxTries && (failure is LostRaceException || PostgresFailures.IsConflict(failure)))
            {
                _logger.LogDebug(failure, "Commit lost against another one; repeating it");
            }
            catch (Exception failure) when (tries == 1 && PostgresFailures.IsOutage(failure))
            {
                // COMMIT was not sent. A connection of the pool is broken after the server was restarted.
                _logger.LogDebug(failure, "Connection lost before a commit; repeating it");
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                return failure;
            }
        }
    }

    /// <summary>Ends the searches for unknown outcomes soon: the process ends.</summary>
    public void EndSearches() => _closing.CancelAfter(OutcomeTimeout);

    /// <inheritdoc />
    public void Dispose()
    {
        _closing.Cancel();
        _closing.Dispose();
    }

    private async Task<Exception?> TryCommitAsync(
        Commit commit, bool withNewKeys, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        await commit.Writer.RegisterAsync(connection, cancellationToken);
        lock (_lock)
        {
            _writers.TryAdd(commit.Writer.Id, []);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var keys = await commit.Keys(connection, cancellationToken);
        var batch = await CommitLoad.RunAsync(connection, keys, withNewKeys, _clock, cancellationToken);
        commit.Apply(batch);
        commit.Batch = batch;
        var changes = batch.ToChangeSet();
        if (changes.IsEmpty)
        {
            await transaction.RollbackAsync(cancellationToken);
            commit.End(null);
            return null;
        }

        var commitId = Guid.NewGuid();
        await WriteAsync(connection, commit.Writer, commitId, batch, changes, cancellationToken);

        // The rows are locked, so the commits of a job enter in their order.
        _crashPoints.Pass(CrashPoint.CommitBegun);
        var turn = _order.Enter(batch.Commits.Select(change => change.JobId));
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception failure) when (PostgresFailures.IsOutcomeUnknown(failure))
        {
            commit.Search = SearchAsync(failure);
            return null;
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        await EndAsync();
        return null;

        async Task<Exception?> SearchAsync(Exception cause)
        {
            if (await HasCommittedAsync(commit, commitId, cause))
            {
                await EndAsync();
                return null;
            }

            turn.Dispose();
            commit.End(PostgresFailures.OfCall(cause));
            return cause;
        }

        async Task EndAsync()
        {
            using (turn)
            {
                _crashPoints.Pass(CrashPoint.CommitDone);
                _metrics.RecordCommit(keys.Count, _time.GetElapsedTime(start));
                await turn.Previous;
                Count(commit.Writer.Id, batch.Commits);
                Publish(batch.Commits);
                commit.End(null);
            }
        }
    }

    private async Task WriteAsync(
        NpgsqlConnection connection, CommitWriter writer, Guid commitId, CommitBatch decided, ChangeSet changes,
        CancellationToken cancellationToken)
    {
        await using var batch = connection.CreateBatch();
        var (requests, count) = _tables.Write(batch, changes);
        UsageChanges.Write(batch, writer.Id, decided.Commits);
        PostgresTables.Write(batch, _webhooks.MessagesOf(decided.Commits), changes);
        var noted = batch.Add(
            "UPDATE writers SET commit_id = @commit, seen_at = clock_timestamp() WHERE writer_id = @writer",
            ("commit", commitId), ("writer", writer.Id));
        batch.Add(
            "SELECT pg_notify(@channel, @payload)",
            ("channel", JobNotification.Channel),
            ("payload", JobNotification.Of(_database.Origin, decided.Commits).ToString()));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        if (requests is not null && (int)requests.RecordsAffected < count)
        {
            throw new LostRaceException("Another node stored the same request id.");
        }

        if (noted.RecordsAffected == 0)
        {
            writer.Renew();
            throw new LostRaceException("The leader removed this writer as one of an ended process.");
        }
    }

    /// <summary>
    /// Finds out whether a commit whose connection broke is durable. The row lock waits for the server's end of the old
    /// transaction. Callers get their answer soon after <see cref="OutcomeTimeout"/>; the jobs stay locked in this
    /// process until the outcome is known.
    /// </summary>
    private async Task<bool> HasCommittedAsync(Commit commit, Guid commitId, Exception cause)
    {
        _logger.LogWarning(cause, "Connection lost during a commit; finding out whether it is durable");
        var start = _time.GetTimestamp();
        while (true)
        {
            try
            {
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
                ending.CancelAfter(_options.ConnectTimeout);
                await using var connection = await _database.Source.OpenConnectionAsync(ending.Token);
                await using var transaction = await connection.BeginTransactionAsync(ending.Token);
                var latest = await connection.QueryAsync(
                    "SELECT commit_id FROM writers WHERE writer_id = @writer FOR UPDATE", reader => reader.GetGuid(0),
                    ending.Token, ("writer", commit.Writer.Id));
                _logger.LogInformation("The commit {Outcome}", latest.Contains(commitId) ? "is durable" : "is undone");
                return latest.Contains(commitId);
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                commit.End(PostgresFailures.OfUnknownOutcome(cause));
                return false;
            }
            catch (Exception failure)
            {
                _logger.LogDebug(failure, "Outcome of a commit still unknown; trying again");
                commit.Stalled(cause);
                if (_time.GetElapsedTime(start) >= OutcomeTimeout)
                {
                    commit.End(PostgresFailures.OfUnknownOutcome(cause));
                }

                await Task.Delay(OutcomeInterval, _time, _closing.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Count(Guid writerId, IReadOnlyList<JobCommit> commits)
    {
        lock (_lock)
        {
            foreach (var added in UsageChanges.Of(commits))
            {
                UsageChanges.Add(_writers[writerId], added);
            }
        }
    }

    private void Publish(IReadOnlyList<JobCommit> commits)
    {
        foreach (var commit in commits)
        {
            try
            {
                Committed?.Invoke(commit);
            }
            catch (Exception failure)
            {
                _logger.LogError(failure, "Commit handler failed for job {JobId}", commit.JobId);
            }
        }
    }
}
