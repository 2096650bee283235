namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The attempts that run in this process. A change that takes the job away from an attempt (CancelJob, a rescue), here
/// or on another node, cancels the attempt: its calls end, and with them their work in the InferenceService.
/// </summary>
internal sealed class LocalAttempts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<LocalAttempt>> _attempts = [];
    private readonly IJobStore _store;
    private readonly ILogger _logger;

    public LocalAttempts(IJobStore store, ILogger<LocalAttempts> logger)
    {
        (_store, _logger) = (store, logger);
        store.Committed += OnCommitted;
        store.Changed += OnChanged;
    }

    /// <summary>
    /// Begins the attempt of a claim. Call <see cref="CheckAsync"/> afterwards: the job can be lost since its claim.
    /// </summary>
    public LocalAttempt Begin(JobTurn turn, CancellationToken stopToken)
    {
        var (jobId, attempt) = (turn.JobId, new LocalAttempt(this, turn.JobId, turn.Token, stopToken));
        lock (_lock)
        {
            if (!_attempts.TryGetValue(jobId, out var attempts))
            {
                _attempts.Add(jobId, attempts = []);
            }

            attempts.Add(attempt);
        }

        return attempt;
    }

    /// <summary>Marks an attempt as lost if the stored job belongs to another one, or to none.</summary>
    public async Task CheckAsync(LocalAttempt attempt)
    {
        try
        {
            var job = await _store.FindAsync(attempt.JobId, CancellationToken.None);
            lock (_lock)
            {
                // An attempt that ended meanwhile has nothing to lose.
                if (job?.Lease?.Token != attempt.Token
                    && _attempts.GetValueOrDefault(attempt.JobId, []).Contains(attempt))
                {
                    attempt.MarkLost();
                }
            }
        }
        catch (Exception failure)
        {
            // Whatever it stores is refused if it is lost.
            _logger.LogWarning(
                failure, "Lease of job {JobId} not checked; the next heartbeat checks it", attempt.JobId);
        }
    }

    /// <summary>Whether an attempt at the job runs here, even a lost one.</summary>
    public bool Contains(Guid jobId)
    {
        lock (_lock)
        {
            return _attempts.ContainsKey(jobId);
        }
    }

    /// <summary>Waits until all attempts at the job that began before this call have ended.</summary>
    public Task WaitUntilEndedAsync(Guid jobId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _attempts.TryGetValue(jobId, out var attempts)
                ? Task.WhenAll(attempts.Select(attempt => attempt.Ended)).WaitAsync(cancellationToken)
                : Task.CompletedTask;
        }
    }

    /// <summary>Removes an attempt that has ended.</summary>
    public void Remove(LocalAttempt attempt)
    {
        lock (_lock)
        {
            var attempts = _attempts[attempt.JobId];
            attempts.Remove(attempt);
            if (attempts.Count == 0)
            {
                _attempts.Remove(attempt.JobId);
            }
        }
    }

    private void OnCommitted(JobCommit commit)
    {
        lock (_lock)
        {
            foreach (var attempt in _attempts.GetValueOrDefault(commit.JobId, []))
            {
                if (commit.After?.Lease?.Token != attempt.Token)
                {
                    attempt.MarkLost();
                }
            }
        }
    }

    private void OnChanged(JobChanges changes)
    {
        List<LocalAttempt> changed;
        lock (_lock)
        {
            changed =
            [
                .. _attempts.Where(job => changes.JobIds?.Contains(job.Key) ?? true).SelectMany(job => job.Value),
            ];
        }

        changed.ForEach(attempt => _ = CheckAsync(attempt));
    }
}

/// <summary>An attempt in this process, from its claim until all its work has ended.</summary>
internal sealed class LocalAttempt : IAsyncDisposable
{
    private readonly LocalAttempts _all;
    private readonly CancellationTokenSource _source;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isLost;
    private Task _cancelling = Task.CompletedTask;

    public LocalAttempt(LocalAttempts all, Guid jobId, Guid token, CancellationToken stopToken)
    {
        _all = all;
        _source = CancellationTokenSource.CreateLinkedTokenSource(stopToken);
        JobId = jobId;
        Token = token;
        Cancellation = _source.Token;
    }

    public Guid JobId { get; }

    /// <summary>The lease token of this attempt.</summary>
    public Guid Token { get; }

    /// <summary>Whether the attempt lost the job: cancelled, rescued, or its lease expired.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>Cancelled when the service stops or the attempt is lost.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Completes when all work of the attempt has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Marks the attempt as lost and cancels its work without waiting for its end.</summary>
    public void MarkLost()
    {
        if (Interlocked.Exchange(ref _isLost, 1) == 0)
        {
            _cancelling = _source.CancelAsync();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _all.Remove(this);
        try
        {
            await _cancelling;
        }
        finally
        {
            _source.Dispose();
            _ended.SetResult();
        }
    }
}
