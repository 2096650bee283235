namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The attempts that this process makes. A commit that takes a job away from one, by CancelJob or by a rescue, cancels
/// it: the calls under way for it end, and with them what they run in the InferenceService.
/// </summary>
internal sealed class LocalAttempts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<LocalAttempt>> _attempts = [];

    public LocalAttempts(IJobStore store) => store.Committed += Follow;

    /// <summary>
    /// Begins an attempt; to be called before its claim, so that no change after the claim is missed.
    /// </summary>
    public LocalAttempt Begin(Guid jobId, Guid token, CancellationToken stopToken)
    {
        var attempt = new LocalAttempt(this, jobId, token, stopToken);
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

    /// <summary>Whether an attempt at the job is under way here, lost or not.</summary>
    public bool Contains(Guid jobId)
    {
        lock (_lock)
        {
            return _attempts.ContainsKey(jobId);
        }
    }

    /// <summary>Returns when nothing runs for the job that was begun before this call.</summary>
    public Task WaitUntilEndedAsync(Guid jobId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _attempts.TryGetValue(jobId, out var attempts)
                ? Task.WhenAll(attempts.Select(attempt => attempt.Ended)).WaitAsync(cancellationToken)
                : Task.CompletedTask;
        }
    }

    /// <summary>Forgets an attempt that is over.</summary>
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

    private void Follow(JobCommit commit)
    {
        lock (_lock)
        {
            foreach (var attempt in _attempts.GetValueOrDefault(commit.JobId, []))
            {
                if (commit.After?.Lease?.Token == attempt.Token)
                {
                    attempt.IsClaimed = true;
                }
                else if (attempt.IsClaimed)
                {
                    attempt.Lose();
                }
            }
        }
    }
}
