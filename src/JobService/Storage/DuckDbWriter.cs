using System.Threading.Channels;
using DuckDB.NET.Data;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Metrics;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The only writer of the database, with group commit: changes that arrive during a commit form the next one, a single
/// transaction that is acknowledged afterwards. The rate of durable changes grows with the number of callers instead of
/// being limited by the rate of fsyncs, and changes of one row never conflict (ADR 8).
/// </summary>
/// <remarks>
/// DuckDB has no asynchronous calls: however many calls are in flight, writing blocks one thread of the pool.
/// </remarks>
internal sealed class DuckDbWriter : IAsyncDisposable
{
    /// <summary>Delay between two tries to open a database after a fatal error.</summary>
    private static readonly TimeSpan ReopenInterval = TimeSpan.FromSeconds(1);

    private readonly DuckDbDatabase _database;
    private readonly DuckDbReaders _readers;
    private readonly DatabaseOptions _options;
    private readonly JobCache _cache;
    private readonly CrashPoints _crashPoints;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly JobMetrics _metrics;
    private readonly WebhookRoutes _webhooks;
    private readonly Channel<PendingWrite> _pending;
    private readonly Task _running;
    private DuckDBConnection? _connection;
    private JobTables? _tables;
    private bool _isCheckpointed = true;

    public DuckDbWriter(
        DuckDbDatabase database, DuckDbReaders readers, JobCache cache, IOptions<DatabaseOptions> options,
        CrashPoints crashPoints, JobMetrics metrics, WebhookRoutes webhooks, TimeProvider time,
        ILogger<DuckDbWriter> logger)
    {
        (_database, _readers, _options, _cache) = (database, readers, options.Value, cache);
        (_crashPoints, _metrics, _webhooks, _time, _logger) = (crashPoints, metrics, webhooks, time, logger);
        Open();
        _pending = Channel.CreateBounded<PendingWrite>(
            new BoundedChannelOptions(_options.WriteQueueCapacity) { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    /// <summary>Raised for every change in the order of the commits, before its caller continues.</summary>
    public event Action<JobCommit>? Committed;

    /// <summary>
    /// Makes a change of a job and returns when it is durable. A call that is cancelled while it is queued changes
    /// nothing; one whose commit has started completes, since its outcome would be unknown otherwise.
    /// </summary>
    public async Task<T> ChangeAsync<T>(
        JobKey key, Func<CommitBatch, T> change, CancellationToken cancellationToken)
    {
        T? result = default;
        await EnqueueAsync(new JobChange(key, batch => result = change(batch)), cancellationToken);
        return result!;
    }

    /// <summary>
    /// Runs statements in a transaction of their own and returns when they are durable. They must not change jobs or
    /// attempts, since the cache would not know.
    /// </summary>
    public async Task<T> ExecuteAsync<T>(Func<DuckDBConnection, T> statements, CancellationToken cancellationToken)
    {
        T? result = default;
        await EnqueueAsync(new Statements(connection => result = statements(connection)), cancellationToken);
        return result!;
    }

    /// <summary>Commits the queued changes, writes a checkpoint and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _running;
        await CheckpointAsync();
        Close();
    }

    private async Task EnqueueAsync(PendingWrite write, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.Register(() => write.TryCancel(cancellationToken));
        try
        {
            await _pending.Writer.WriteAsync(write, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(DuckDbWriter), "The database is closed.");
        }

        await write.Completion;
    }

    private async Task RunAsync()
    {
        while (await WaitForWritesAsync())
        {
            var (taken, changes) = (0, new List<JobChange>());
            while (taken < _options.MaxCommitChanges && _pending.Reader.TryRead(out var write))
            {
                if (!write.TryStart())
                {
                    continue;
                }

                taken++;
                if (write is JobChange change)
                {
                    changes.Add(change);
                    continue;
                }

                await CommitAsync(changes);
                changes.Clear();
                await ExecuteAsync((Statements)write);
            }

            await CommitAsync(changes);
        }
    }

    /// <summary>Waits for writes; writes a checkpoint or reopens the database if there are none for a while.</summary>
    private async Task<bool> WaitForWritesAsync()
    {
        var waiting = _pending.Reader.WaitToReadAsync().AsTask();
        while (!waiting.IsCompleted && !(_isCheckpointed && _connection is not null))
        {
            try
            {
                await waiting.WaitAsync(
                    _connection is not null ? _options.IdleCheckpointDelay : ReopenInterval, _time);
            }
            catch (TimeoutException)
            {
                await (_connection is not null ? CheckpointAsync() : TryReopenAsync());
            }
        }

        return await waiting;
    }

    private async Task CommitAsync(List<JobChange> changes)
    {
        if (changes.Count == 0 || await TryCommitAsync(changes, isRepeated: false) is not { } failure)
        {
            return;
        }

        if (DatabaseFailures.IsDiskFull(failure) || _connection is null)
        {
            changes.ForEach(change => change.Fail(DatabaseFailures.OfWriting(failure)));
            return;
        }

        // One change is the cause, usually a key that exists already: commit each alone, so that only that one fails.
        foreach (var change in changes)
        {
            if (await TryCommitAsync([change], isRepeated: true) is { } ownFailure)
            {
                change.Fail(DatabaseFailures.OfWriting(ownFailure));
            }
        }
    }

    /// <summary>Commits changes and completes them; returns the failure if nothing was committed.</summary>
    private async Task<Exception?> TryCommitAsync(List<JobChange> changes, bool isRepeated)
    {
        CommitBatch? batch = null;
        ChangeSet? changeSet = null;
        var start = _time.GetTimestamp();
        try
        {
            await EnsureOpenAsync();
            batch = CommitBatch.Load(
                _connection!, _cache, [.. changes.Select(change => change.Key)], isRepeated, _time.GetUtcNow());
            changes.ForEach(change => change.Apply(batch));
            changeSet = batch.ToChangeSet();
            if (!changeSet.IsEmpty)
            {
                Write(changeSet, _webhooks.MessagesOf(batch.Commits));
            }
        }
        catch (Exception failure)
        {
            // DuckDB's automatic checkpoint follows the commit: if only that failed, the changes are durable.
            if (!DatabaseFailures.IsFatal(failure) || !await TryReopenAsync()
                || changeSet is null || !_tables!.HasWritten(changeSet))
            {
                return failure;
            }
        }

        if (!changeSet.IsEmpty)
        {
            _metrics.RecordCommit(changes.Count, _time.GetElapsedTime(start));
        }

        Publish(batch!.Commits);
        changes.ForEach(change => change.Complete());
        return null;
    }

    private void Write(ChangeSet changes, IReadOnlyList<DeliveryRecord> messages)
    {
        _isCheckpointed = false;
        using var transaction = _connection!.BeginTransaction();
        _tables!.Write(changes, messages, _time.GetUtcNow());
        _crashPoints.Pass(CrashPoint.CommitBegun);
        transaction.Commit();
        _crashPoints.Pass(CrashPoint.CommitDone);
    }

    private void Publish(IReadOnlyList<JobCommit> commits)
    {
        _cache.Apply(commits);
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

    private async Task ExecuteAsync(Statements statements)
    {
        try
        {
            await EnsureOpenAsync();
            _isCheckpointed = false;
            using (var transaction = _connection!.BeginTransaction())
            {
                statements.Run(_connection);
                transaction.Commit();
            }

            statements.Complete();
        }
        catch (Exception failure)
        {
            if (DatabaseFailures.IsFatal(failure))
            {
                await TryReopenAsync();
            }

            statements.Fail(DatabaseFailures.OfWriting(failure));
        }
    }

    private void Open()
    {
        var connection = _database.Connect();
        try
        {
            JobRows.RequireKnownStatuses(connection);
            _cache.Load(connection);
            _tables = new JobTables(connection);
            _connection = connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private async Task EnsureOpenAsync()
    {
        if (_connection is null)
        {
            await ReopenAsync();
        }
    }

    /// <summary>
    /// Closes all connections and the file and opens them again, as DuckDB requires after a fatal error.
    /// </summary>
    /// <exception cref="DatabaseException">The file does not open; <see cref="_connection"/> is null then.</exception>
    private async Task ReopenAsync()
    {
        Close();
        await _readers.SuspendAsync();
        _database.Reopen();
        _readers.Resume();
        Open();
        _logger.LogWarning("Database {Path} reopened after a fatal error of DuckDB", _database.Path);
    }

    private async Task<bool> TryReopenAsync()
    {
        try
        {
            await ReopenAsync();
            return true;
        }
        catch (Exception failure)
        {
            _logger.LogError(failure, "Database {Path} did not reopen; trying again", _database.Path);
            return false;
        }
    }

    private async Task CheckpointAsync()
    {
        _isCheckpointed = true;
        try
        {
            _connection?.Execute("CHECKPOINT");
        }
        catch (Exception failure)
        {
            // No change is lost: the write-ahead log stays.
            _logger.LogWarning(failure, "Checkpoint failed");
            if (DatabaseFailures.IsFatal(failure))
            {
                await TryReopenAsync();
            }
        }
    }
}

/// <summary>Queued statements that are committed in a transaction of their own.</summary>
internal sealed class Statements(Action<DuckDBConnection> run) : PendingWrite
{
    public void Run(DuckDBConnection connection) => run(connection);
}
