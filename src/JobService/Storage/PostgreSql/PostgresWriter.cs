using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Makes the changes of this process with group commit: changes that arrive while all commits are busy form the next
/// one. A commit locks its jobs in the order of their ids, reads the server's clock, decides in memory and writes lists
/// (ADR 38). Changes of one job never run in two commits at a time. A commit whose outcome is unknown makes room for
/// others; its jobs are taken until the outcome is found.
/// </summary>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly PostgresOptions _options;
    private readonly PostgresCommitter _committer;
    private readonly SemaphoreSlim _room;
    private readonly LinkedList<JobChange> _waiting = new();
    private readonly HashSet<Guid> _busy = [];
    private readonly Stack<CommitWriter> _idle = [];
    private readonly HashSet<Task> _commits = [];
    private readonly SemaphoreSlim _claims = new(1);
    private int _free;
    private bool _isClosed;

    public PostgresWriter(PostgresCommitter committer, IOptions<PostgresOptions> options)
    {
        (_committer, _options) = (committer, options.Value);
        _room = new SemaphoreSlim(_options.WriteQueueCapacity);
        _free = _options.ConcurrentCommits;
    }

    /// <summary>Raised for every change of this process, for each job in order, before its caller continues.</summary>
    public event Action<JobCommit>? Committed
    {
        add => _committer.Committed += value;
        remove => _committer.Committed -= value;
    }

    /// <summary>Number of changes that no commit has taken yet.</summary>
    internal int WaitingChanges
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>
    /// Makes a change of a job and returns when it is durable. A call that is cancelled while it waits changes nothing;
    /// one whose commit has started completes.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">The database does not answer.</exception>
    public async Task<T> ChangeAsync<T>(
        JobKey key, Func<CommitBatch, T> change, CancellationToken cancellationToken)
    {
        T? result = default;
        var pending = new JobChange(key, batch => result = change(batch));
        await _room.WaitAsync(cancellationToken);
        try
        {
            var node = new LinkedListNode<JobChange>(pending);
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isClosed, this);
                _waiting.AddLast(node);
                StartCommits();
            }

            await using var registration = cancellationToken.Register(() =>
            {
                lock (_lock)
                {
                    node.List?.Remove(node);
                }

                pending.TryCancel(cancellationToken);
            });
            await pending.Completion;
            return result!;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>
    /// Claims jobs in a commit of their own: locks those that the query selects and that no one else has locked, and
    /// applies the transition to each.
    /// </summary>
    /// <param name="lockJobs">Selects the ids of jobs with FOR UPDATE SKIP LOCKED.</param>
    /// <param name="claim">The transition.</param>
    /// <param name="cancellationToken">Cancels the call before the commit, and while its outcome is unknown.</param>
    /// <returns>The jobs before and after the claim, in the order of the query.</returns>
    public async Task<IReadOnlyList<JobCommit>> ClaimAsync(
        Func<NpgsqlConnection, CancellationToken, Task<List<Guid>>> lockJobs,
        Func<JobRecord, DateTimeOffset, JobRecord> claim,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        await _claims.WaitAsync(cancellationToken);
        try
        {
            List<Guid> claimed = [];
            var commit = new Commit(
                TakeWriter(),
                async (connection, token) =>
                {
                    claimed = await lockJobs(connection, token);
                    return [.. claimed.Select(jobId => new JobKey(jobId))];
                },
                batch => claimed.ForEach(jobId => batch.Update(jobId, claim)),
                _ => { });
            var failure = await CommitAsync(commit, [], withNewKeys: false, cancellationToken);
            if (commit.Search is { } search)
            {
                failure = await search.WaitAsync(cancellationToken);
            }

            if (failure is not null)
            {
                throw PostgresFailures.OfCall(failure);
            }

            return [.. claimed.Select(jobId => commit.Batch!.Commits.Single(change => change.JobId == jobId))];
        }
        finally
        {
            _claims.Release();
        }
    }

    /// <summary>Commits the waiting changes and returns when every commit has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        // Nobody waits for a lost connection to tell its outcome when the process ends.
        _committer.EndSearches();
        while (Running() is { Length: > 0 } running)
        {
            await Task.WhenAll(running);
        }
    }

    private Task[] Running()
    {
        lock (_lock)
        {
            return [.. _commits.Where(commit => !commit.IsCompleted)];
        }
    }

    /// <summary>Starts commits while there are changes that can run. The caller holds the lock.</summary>
    private void StartCommits()
    {
        while (_free > 0 && TakeChanges() is { Count: > 0 } changes)
        {
            _free--;
            Track(Task.Run(() => RunAsync(changes)));
        }
    }

    /// <summary>Makes the disposal wait for a task. The caller holds the lock.</summary>
    private void Track(Task running)
    {
        _commits.Add(running);
        running.ContinueWith(
            ended =>
            {
                lock (_lock)
                {
                    _commits.Remove(ended);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Takes the first changes whose keys no other commit has. The caller holds the lock.</summary>
    private List<JobChange> TakeChanges()
    {
        var taken = new List<JobChange>();
        var later = new HashSet<Guid>();
        for (var node = _waiting.First; node is not null && taken.Count < _options.MaxCommitChanges;)
        {
            var (next, change) = (node.Next, node.Value);
            if (change.Ids.Any(key => _busy.Contains(key) || later.Contains(key)))
            {
                later.UnionWith(change.Ids);
            }
            else
            {
                _waiting.Remove(node);
                if (change.TryStart())
                {
                    taken.Add(change);
                }
            }

            node = next;
        }

        _busy.UnionWith(taken.SelectMany(change => change.Ids));
        return taken;
    }

    private async Task RunAsync(List<JobChange> changes)
    {
        var sought = new HashSet<JobChange>();
        try
        {
            await CommitAsync(changes, sought);
        }
        catch (Exception failure)
        {
            changes.Where(change => !sought.Contains(change)).ToList().ForEach(change => change.Fail(failure));
        }
        finally
        {
            lock (_lock)
            {
                _busy.ExceptWith(changes.Where(change => !sought.Contains(change)).SelectMany(change => change.Ids));
                _free++;
                StartCommits();
            }
        }
    }

    /// <summary>Commits changes; tells those whose outcome is unknown and is being sought.</summary>
    private async Task CommitAsync(List<JobChange> changes, HashSet<JobChange> sought)
    {
        if (await TryAsync(changes, withNewKeys: false) is not { } failure)
        {
            return;
        }

        if (PostgresFailures.IsOfServer(failure))
        {
            changes.ForEach(change => change.Fail(PostgresFailures.OfCall(failure)));
            return;
        }

        // One change is the cause, usually a key that exists already or a job that another node has locked: commit each
        // alone, so that only that one fails.
        Exception? outage = null;
        foreach (var change in changes)
        {
            if ((outage ?? await TryAsync([change], withNewKeys: true)) is { } ownFailure)
            {
                change.Fail(PostgresFailures.OfCall(ownFailure));
                outage = PostgresFailures.IsOfServer(ownFailure) ? ownFailure : null;
            }
        }

        async Task<Exception?> TryAsync(List<JobChange> some, bool withNewKeys)
        {
            var commit = new Commit(
                TakeWriter(),
                (_, _) => Task.FromResult<IReadOnlyList<JobKey>>([.. some.Select(change => change.Key)]),
                batch => some.ForEach(change => change.Apply(batch)),
                unknown =>
                {
                    if (unknown is null)
                    {
                        some.ForEach(change => change.Complete());
                    }
                    else
                    {
                        some.ForEach(change => change.Fail(unknown));
                    }
                })
            {
                Stalled = cause => FailWaiting(some, cause),
            };
            var failed = await CommitAsync(commit, some, withNewKeys, CancellationToken.None);
            if (commit.Search is not null)
            {
                sought.UnionWith(some);
            }

            return failed;
        }
    }

    /// <summary>Runs a commit. The search for its outcome, if it needs one, goes on after the call.</summary>
    private async Task<Exception?> CommitAsync(
        Commit commit, List<JobChange> changes, bool withNewKeys, CancellationToken cancellationToken)
    {
        try
        {
            return await _committer.CommitAsync(commit, withNewKeys, cancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                if (commit.Search is { } search)
                {
                    Track(Task.Run(() => EndSearchAsync(search, commit.Writer, changes), CancellationToken.None));
                }
                else
                {
                    _idle.Push(commit.Writer);
                }
            }
        }
    }

    private async Task EndSearchAsync(Task<Exception?> search, CommitWriter writer, List<JobChange> changes)
    {
        try
        {
            await search;
        }
        catch (Exception failure)
        {
            changes.ForEach(change => change.Fail(failure));
        }
        finally
        {
            lock (_lock)
            {
                _idle.Push(writer);
                _busy.ExceptWith(changes.SelectMany(change => change.Ids));
                StartCommits();
            }
        }
    }

    /// <summary>Fails the changes that wait for jobs of a commit whose outcome the database does not tell.</summary>
    private void FailWaiting(List<JobChange> sought, Exception cause)
    {
        var ids = sought.SelectMany(change => change.Ids).ToHashSet();
        var failed = new List<JobChange>();
        lock (_lock)
        {
            foreach (var change in _waiting.Where(change => change.Ids.Any(ids.Contains)).ToList())
            {
                _waiting.Remove(change);
                if (change.TryStart())
                {
                    failed.Add(change);
                }
            }
        }

        failed.ForEach(change => change.Fail(PostgresFailures.OfCall(cause)));
    }

    private CommitWriter TakeWriter()
    {
        lock (_lock)
        {
            return _idle.TryPop(out var writer) ? writer : new CommitWriter();
        }
    }
}
