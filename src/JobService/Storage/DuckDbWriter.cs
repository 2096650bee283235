using System.Threading.Channels;
using DuckDB.NET.Data;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Storage.Cache;
using ForegSyte.Jobs.Storage.Commits;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// The one writer of the process. Changes wait in a bounded channel; those that wait while a commit is made are the
/// next commit: one transaction, written set-based, acknowledged afterwards. So the rate of durable changes grows with
/// the number of callers and not with that of fsyncs, and two changes of a row never conflict.
/// </summary>
/// <remarks>
/// DuckDB has no asynchronous calls. However many calls are in flight, writing blocks one thread of the pool; the
/// callers await.
/// </remarks>
internal sealed class DuckDbWriter : IAsyncDisposable
{
    /// <summary>Wait between two tries to open a database that DuckDB gave up.</summary>
    private static readonly TimeSpan ReopenInterval = TimeSpan.FromSeconds(1);

    private readonly DatabaseOptions _options;
    private readonly JobCache _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly JobMetrics _metrics;
    private readonly WriteSession _session;
    private readonly Channel<IPendingWrite> _pending;
    private readonly Task _running;
    private bool _isCheckpointed = true;

    public DuckDbWriter(
        DuckDbDatabase database, DuckDbReaders readers, JobCache cache, IOptions<DatabaseOptions> options,
        CrashPoints crashPoints, JobMetrics metrics, TimeProvider time, ILogger<DuckDbWriter> logger)
    {
        (_options, _cache, _metrics, _time, _logger) = (options.Value, cache, metrics, time, logger);
        _session = new WriteSession(database, readers, cache, crashPoints, time, logger);
        _session.Open();
        _pending = Channel.CreateBounded<IPendingWrite>(
            new BoundedChannelOptions(_options.WriteQueueCapacity) { SingleReader = true });
        _running = Task.Run(RunAsync);
    }

    /// <summary>Raised for every change, in the order of the commits and before its caller goes on.</summary>
    public event Action<JobCommit>? Committed;

    /// <summary>
    /// Makes a change of a job; when the task completes, it is durable. A call that is cancelled before its turn
    /// changes nothing; one that has begun completes, since its outcome could not be told otherwise.
    /// </summary>
    public Task<T> ChangeAsync<T>(JobChange<T> change, CancellationToken cancellationToken) =>
        PutAsync(change, cancellationToken);

    /// <summary>
    /// Runs statements in a transaction of their own; when the task completes, they are durable. They change no row
    /// of jobs or attempts: the cache would not know.
    /// </summary>
    public Task<T> WriteAsync<T>(Func<DuckDBConnection, T> statements, CancellationToken cancellationToken) =>
        PutAsync(new Statements<T>(statements), cancellationToken);

    /// <summary>Makes the changes that wait, writes a checkpoint and lets go of the database.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _running;
        await CheckpointAsync();
        _session.Close();
    }

    private async Task<T> PutAsync<T>(PendingWrite<T> write, CancellationToken cancellationToken)
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

        return await write.Completion;
    }

    private async Task RunAsync()
    {
        var batch = new List<IPendingWrite>(_options.MaxCommitChanges);
        while (await WaitForWritesAsync())
        {
            batch.Clear();
            while (batch.Count < _options.MaxCommitChanges && _pending.Reader.TryRead(out var write))
            {
                if (write.TryBegin())
                {
                    batch.Add(write);
                }
            }

            await MakeAsync(batch);
        }
    }

    /// <summary>Waits for the next writes, and uses the time for what can be done without any.</summary>
    private async Task<bool> WaitForWritesAsync()
    {
        var waiting = _pending.Reader.WaitToReadAsync().AsTask();
        while (!waiting.IsCompleted && !(_isCheckpointed && _session.IsOpen))
        {
            try
            {
                await waiting.WaitAsync(_session.IsOpen ? _options.IdleCheckpointDelay : ReopenInterval, _time);
            }
            catch (TimeoutException)
            {
                await (_session.IsOpen ? CheckpointAsync() : TryReopenAsync());
            }
        }

        return await waiting;
    }

    private async Task MakeAsync(List<IPendingWrite> writes)
    {
        var changes = new List<IJobChange>(writes.Count);
        foreach (var write in writes)
        {
            if (write is IJobChange change)
            {
                changes.Add(change);
                continue;
            }

            await CommitAsync(changes);
            changes.Clear();
            await RunAsync((IStatements)write);
        }

        await CommitAsync(changes);
    }

    private async Task CommitAsync(List<IJobChange> changes)
    {
        if (changes.Count == 0 || await TryCommitAsync(changes, exact: false) is not { } failure)
        {
            return;
        }

        if (DatabaseFailures.IsDiskFull(failure) || !_session.IsOpen)
        {
            changes.ForEach(change => change.Fail(DatabaseFailures.OfWriting(failure)));
            return;
        }

        // One of them is the cause, most likely a key that is there already; the others shall not fail with it.
        foreach (var change in changes)
        {
            if (await TryCommitAsync([change], exact: true) is { } ownFailure)
            {
                change.Fail(DatabaseFailures.OfWriting(ownFailure));
            }
        }
    }

    /// <summary>Commits changes and tells of them; returns what failed, and has told nobody then.</summary>
    private async Task<Exception?> TryCommitAsync(List<IJobChange> changes, bool exact)
    {
        CommitBatch? round = null;
        ChangeSet? rows = null;
        var start = _time.GetTimestamp();
        try
        {
            await OpenAsync();
            round = _session.Begin(changes, exact);
            foreach (var change in changes)
            {
                change.Decide(round);
            }

            rows = round.Rows();
            if (!rows.IsEmpty)
            {
                _isCheckpointed = false;
                _session.Write(rows);
            }
        }
        catch (Exception failure)
        {
            // The automatic checkpoint comes after the commit: when that failed, the changes are durable all the same.
            if (!DatabaseFailures.IsFatal(failure) || !await TryReopenAsync() || rows is null || !_session.Has(rows))
            {
                return failure;
            }
        }

        if (!rows.IsEmpty)
        {
            _metrics.RecordCommit(changes.Count, _time.GetElapsedTime(start));
        }

        Tell(round!, changes);
        return null;
    }

    private void Tell(CommitBatch round, List<IJobChange> changes)
    {
        _cache.Apply(round.Commits);
        foreach (var commit in round.Commits)
        {
            try
            {
                Committed?.Invoke(commit);
            }
            catch (Exception failure)
            {
                _logger.LogError(failure, "A handler of the change of job {JobId} failed", commit.JobId);
            }
        }

        foreach (var change in changes)
        {
            change.Complete();
        }
    }

    private async Task RunAsync(IStatements statements)
    {
        try
        {
            await OpenAsync();
            _isCheckpointed = false;
            _session.Run(statements.Run);
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

    private async Task OpenAsync()
    {
        if (!_session.IsOpen)
        {
            await _session.ReopenAsync();
        }
    }

    private async Task<bool> TryReopenAsync()
    {
        try
        {
            await _session.ReopenAsync();
            return true;
        }
        catch (Exception failure)
        {
            _logger.LogError(failure, "The database could not be opened again; trying on");
            return false;
        }
    }

    private async Task CheckpointAsync()
    {
        _isCheckpointed = true;
        if (_session.IsOpen && Attempt(_session.Checkpoint, "No checkpoint could be written; the log stays")
            is { } failure && DatabaseFailures.IsFatal(failure))
        {
            await TryReopenAsync();
        }
    }

    /// <summary>Does what changes no job, so that its failure fails nobody; returns the failure.</summary>
    private Exception? Attempt(Action step, string whatFailed)
    {
        try
        {
            step();
            return null;
        }
        catch (Exception failure)
        {
            _logger.LogWarning(failure, "{Message}", whatFailed);
            return failure;
        }
    }
}
