using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>
/// Claims jobs in PostgreSQL: the tenants of this node take turns, and the job of a tenant is its first runnable one by
/// rank that no other node claims at the same time. It looks when a commit makes a job pending anywhere, when a place
/// becomes free, and every <see cref="PostgresOptions.PollInterval"/>.
/// </summary>
internal sealed class PostgresClaims : IJobClaims, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly PostgresDatabase _database;
    private readonly PostgresWriter _writer;
    private readonly PostgresStandings _standings;
    private readonly InferenceAvailability _availability;
    private readonly StorageAccess _storageAccess;
    private readonly DispatchOptions _dispatch;
    private readonly LeaseOptions _lease;
    private readonly QueueOptions _queue;
    private readonly PostgresOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TenantTurns _turns;
    private readonly LinkedList<Taker> _takers = new();
    private readonly HashSet<string> _waitingTenants = [];
    private readonly Dictionary<Guid, long> _postponed = [];
    private readonly SemaphoreSlim _signal = new(0);
    private readonly CancellationTokenSource _closing = new();
    private Task _running = Task.CompletedTask;

    public PostgresClaims(
        PostgresDatabase database, PostgresWriter writer, PostgresListener listener,
        InferenceAvailability availability, StorageAccess storageAccess, IOptions<DispatchOptions> dispatch,
        IOptions<TenantOptions> tenants, IOptions<LeaseOptions> lease, IOptions<QueueOptions> queue,
        IOptions<PostgresOptions> options, TimeProvider time, ILogger<PostgresClaims> logger)
    {
        (_database, _writer, _availability, _storageAccess) = (database, writer, availability, storageAccess);
        _standings = new PostgresStandings(database);
        (_dispatch, _lease, _queue, _options) = (dispatch.Value, lease.Value, queue.Value, options.Value);
        (_time, _logger) = (time, logger);
        _turns = new TenantTurns(
            tenant => tenants.Value.For(tenant).Weight,
            tenant => tenants.Value.For(tenant).MaxRunningJobs is > 0 and var limit ? limit : int.MaxValue);
        listener.WorkArrived += Signal;
        writer.Committed += commit =>
        {
            if (commit.After is { Status: JobStatus.Pending })
            {
                Signal();
            }
        };
        storageAccess.ReadableAgain += _ =>
        {
            lock (_lock)
            {
                _postponed.Clear();
            }

            Signal();
        };
    }

    /// <summary>Ranks the pending jobs by the options of this node, and begins to look for jobs.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _database.WriteAsync(
            (connection, token) => connection.ExecuteAsync(
                ClaimSql.Rank, token, ("step", _queue.AgeingStep)),
            cancellationToken);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <inheritdoc />
    public async Task<JobTurn> NextAsync(CancellationToken cancellationToken)
    {
        await _availability.WaitAsync(cancellationToken);
        var taker = new Taker();
        lock (_lock)
        {
            _takers.AddLast(taker);
        }

        Signal();

        // While a claim for it is under way, a taker cannot be cancelled: the job would be running for nobody.
        await using var ending = cancellationToken.Register(() =>
        {
            lock (_lock)
            {
                taker.Cancellation = cancellationToken;
                if (_takers.Remove(taker))
                {
                    taker.Turn.TrySetCanceled(cancellationToken);
                }
            }
        });
        return await taker.Turn.Task;
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<QueueStanding>> StandingsOfAsync(
        IReadOnlyList<JobRecord> pending, CancellationToken cancellationToken)
    {
        if (pending.Count == 0)
        {
            return [];
        }

        var standings = await _standings.FindAsync(pending.Select(job => job.JobId), cancellationToken);

        // A job that is no longer pending was just claimed.
        return [.. pending.Select(job => standings.GetValueOrDefault(job.JobId, new QueueStanding(false, 1)))];
    }

    /// <inheritdoc />
    public async ValueTask<QueueCounts> CountAsync(string? tenant, CancellationToken cancellationToken) =>
        (await _database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                ClaimSql.Counts,
                reader => new QueueCounts(
                    reader.GetInt32(0), reader.GetInt32(1),
                    reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2)),
                token, ("any", tenant is null), ("tenant", tenant ?? "")),
            cancellationToken)).Single();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _running;
        _closing.Dispose();
        _signal.Dispose();
        _standings.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await _signal.WaitAsync(_options.PollInterval, _closing.Token);
                while (await ServeAsync())
                {
                }
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                _logger.LogWarning("Jobs not claimed; trying again: {Reason}", failure.Message);
                await Task.Delay(_dispatch.FaultDelay, _time, _closing.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Claims jobs for the takers that wait; false if another pass at once would find none.</summary>
    private async Task<bool> ServeAsync()
    {
        lock (_lock)
        {
            if (_takers.Count == 0)
            {
                return false;
            }
        }

        // The last InferenceService can be lost while takers wait.
        if (!await _availability.IsAvailableAsync(_closing.Token))
        {
            return false;
        }

        var (work, isPostponed) = await LookAsync(_closing.Token);
        var (takers, wanted) = Reserve(work);
        if (takers.Count == 0)
        {
            return isPostponed;
        }

        IReadOnlyList<JobCommit> claimed = [];
        try
        {
            claimed = await _writer.ClaimAsync(
                (connection, token) => LockAsync(connection, wanted, token),
                (job, now) => JobTransitions.Claim(job, Guid.NewGuid(), now, _lease.LeaseDuration),
                _closing.Token);
        }
        finally
        {
            Deliver(claimed, takers, wanted);
        }

        return claimed.Count > 0 || isPostponed;
    }

    /// <summary>
    /// The tenants with runnable jobs, how many, up to the places of this node. While videos cannot be read, that is
    /// one job of each tenant, and a tenant whose first job must wait has its turn in the next pass.
    /// </summary>
    private async Task<(List<TenantWork> Work, bool IsPostponed)> LookAsync(CancellationToken cancellationToken)
    {
        var found = await _database.ReadAsync(
            (connection, token) => connection.QueryAsync(
                ClaimSql.Work,
                reader => new TenantWork(reader.GetString(0), reader.GetInt32(1), reader.GetGuid(2)), token,
                ("limit", _dispatch.MaxConcurrentJobs + _dispatch.ReservedJobs), ("postponed", Postponed())),
            cancellationToken);
        var work = new List<TenantWork>();
        foreach (var tenant in found)
        {
            if (await _storageAccess.DelayOfAsync(tenant.First, cancellationToken) is { } delay)
            {
                lock (_lock)
                {
                    _postponed[tenant.First] =
                        _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
                }
            }
            else
            {
                work.Add(_storageAccess.IsUnreadable ? tenant with { Jobs = 1 } : tenant);
            }
        }

        return (work, work.Count < found.Count);
    }

    /// <summary>The jobs that wait until their video can be read.</summary>
    private List<Guid> Postponed()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            foreach (var jobId in _postponed.Where(wait => wait.Value <= now).Select(wait => wait.Key).ToList())
            {
                _postponed.Remove(jobId);
            }

            return [.. _postponed.Keys];
        }
    }

    /// <summary>Takes a place for each taker that the work is enough for, tenants in turn.</summary>
    private (List<Taker> Takers, List<string> Tenants) Reserve(List<TenantWork> work)
    {
        var (takers, tenants) = (new List<Taker>(), new List<string>());
        lock (_lock)
        {
            var left = work.ToDictionary(tenant => tenant.Tenant, tenant => tenant.Jobs);
            foreach (var tenant in _waitingTenants.Except(left.Keys).ToList())
            {
                SetWaiting(tenant, false);
            }

            foreach (var tenant in left.Keys)
            {
                SetWaiting(tenant, true);
            }

            while (_takers.First is { } first
                && _turns.Next(_dispatch.MaxConcurrentJobs, _dispatch.ReservedJobs) is { } tenant)
            {
                _takers.RemoveFirst();
                takers.Add(first.Value);
                tenants.Add(tenant);
                _turns.Take(tenant);
                if (--left[tenant] == 0)
                {
                    SetWaiting(tenant, false);
                }
            }
        }

        return (takers, tenants);
    }

    private async Task<List<Guid>> LockAsync(
        NpgsqlConnection connection, List<string> wanted, CancellationToken cancellationToken)
    {
        var counts = wanted.CountBy(tenant => tenant).ToList();
        var postponed = Postponed();
        await using var batch = connection.CreateBatch();
        foreach (var (tenant, count) in counts)
        {
            batch.Add(ClaimSql.Lock, ("tenant", tenant), ("count", count), ("postponed", postponed));
        }

        var locked = new List<Guid>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            locked.AddRange(await reader.ReadAllAsync(row => row.GetGuid(0), cancellationToken));
        }
        while (await reader.NextResultAsync(cancellationToken));

        return locked;
    }

    /// <summary>Gives the claimed jobs to the takers; frees the places of jobs that other nodes took.</summary>
    private void Deliver(IReadOnlyList<JobCommit> claimed, List<Taker> takers, List<string> reserved)
    {
        lock (_lock)
        {
            var unused = reserved.ToList();
            foreach (var (commit, taker) in claimed.Zip(takers))
            {
                var tenant = commit.After!.Tenant;
                unused.Remove(tenant);
                taker.Turn.SetResult(new JobTurn(commit.Before!, commit.After, () => End(tenant)));
            }

            unused.ForEach(_turns.Free);
            foreach (var taker in takers.Skip(claimed.Count).Reverse())
            {
                if (taker.Cancellation.IsCancellationRequested)
                {
                    taker.Turn.SetCanceled(taker.Cancellation);
                }
                else
                {
                    _takers.AddFirst(taker);
                }
            }
        }
    }

    private void End(string tenant)
    {
        lock (_lock)
        {
            _turns.Free(tenant);
        }

        Signal();
    }

    private void SetWaiting(string tenant, bool isWaiting)
    {
        _turns.SetWaiting(tenant, isWaiting);
        _ = isWaiting ? _waitingTenants.Add(tenant) : _waitingTenants.Remove(tenant);
    }

    private void Signal()
    {
        lock (_lock)
        {
            if (!_closing.IsCancellationRequested && _signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    /// <summary>A call of <see cref="NextAsync"/>; in the list while it waits.</summary>
    private sealed class Taker
    {
        public TaskCompletionSource<JobTurn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationToken Cancellation { get; set; }
    }

    /// <summary>A tenant with runnable jobs.</summary>
    private sealed record TenantWork(string Tenant, int Jobs, Guid First);
}
