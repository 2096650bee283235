using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Tracks the pending jobs by following commits: runnable jobs are in the queue, the others are in a schedule until
/// their back-off is over. It also counts reservations, so that a submission learns whether the queue is full before
/// its video is stored.
/// </summary>
internal sealed class PendingJobs : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IJobQueue _queue;
    private readonly QueueOptions _options;
    private readonly RetryOptions _retry;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly Dictionary<Guid, Entry> _pending = [];
    private readonly Dictionary<Guid, int> _reserved = [];
    private readonly PriorityQueue<Guid, TimeSpan> _schedule = new();

    public PendingJobs(
        IJobStore store, IJobQueue queue, IOptions<QueueOptions> options, IOptions<RetryOptions> retry,
        TimeProvider time)
    {
        _queue = queue;
        _options = options.Value;
        _retry = retry.Value;
        _time = time;
        _origin = time.GetTimestamp();
        _timer = time.CreateTimer(
            _ => QueueDue(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        store.Committed += OnCommitted;
    }

    /// <summary>Number of pending jobs, queued or scheduled.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Number of pending jobs that wait for their back-off.</summary>
    public int ScheduledCount
    {
        get
        {
            lock (_lock)
            {
                return _pending.Values.Count(entry => entry.Due is not null);
            }
        }
    }

    /// <summary>Enqueue time of the oldest runnable job; null if no job is runnable. O(n).</summary>
    public DateTimeOffset? OldestQueuedAt
    {
        get
        {
            lock (_lock)
            {
                return _pending.Values.Where(entry => entry.Due is null).Min(entry => (DateTimeOffset?)entry.QueuedAt);
            }
        }
    }

    /// <summary>A snapshot of the ids of all pending jobs, unordered.</summary>
    public IReadOnlyList<Guid> Ids
    {
        get
        {
            lock (_lock)
            {
                return [.. _pending.Keys];
            }
        }
    }

    /// <summary>Adds a job that was pending before the service started.</summary>
    public void Restore(JobRecord job)
    {
        lock (_lock)
        {
            Add(job);
        }
    }

    /// <summary>
    /// Reserves a place for a job that is about to become pending; false if the number of pending and reserved jobs has
    /// reached the limit. A job that is already pending or reserved always succeeds.
    /// </summary>
    public bool TryReserve(Guid jobId, int limit)
    {
        lock (_lock)
        {
            var reservations = _reserved.GetValueOrDefault(jobId);
            if (reservations == 0 && !_pending.ContainsKey(jobId) && _pending.Count + _reserved.Count >= limit)
            {
                return false;
            }

            _reserved[jobId] = reservations + 1;
            return true;
        }
    }

    /// <summary>Releases a reservation; does nothing if the job became pending, which consumed it.</summary>
    public void ReleaseReservation(Guid jobId)
    {
        lock (_lock)
        {
            if (_reserved.TryGetValue(jobId, out var reservations))
            {
                if (reservations > 1)
                {
                    _reserved[jobId] = reservations - 1;
                }
                else
                {
                    _reserved.Remove(jobId);
                }
            }
        }
    }

    /// <summary>Whether a job that is not yet pending has a reservation.</summary>
    public bool IsReserved(Guid jobId)
    {
        lock (_lock)
        {
            return _reserved.ContainsKey(jobId);
        }
    }

    /// <summary>Whether the job is pending and waits for its back-off.</summary>
    public bool IsScheduled(Guid jobId)
    {
        lock (_lock)
        {
            return _pending.TryGetValue(jobId, out var entry) && entry.Due is not null;
        }
    }

    /// <summary>Queues a dequeued id again if its job is still runnable.</summary>
    public void Return(Guid jobId)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(jobId, out var entry) && entry.Due is null)
            {
                _queue.Enqueue(jobId, entry.Rank);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void OnCommitted(JobCommit commit)
    {
        lock (_lock)
        {
            if (commit.After is { Status: V1.JobStatus.Pending } job)
            {
                _reserved.Remove(job.JobId);
                Add(job);
            }
            else if (_pending.Remove(commit.JobId))
            {
                _queue.Remove(commit.JobId);
            }
        }
    }

    private void Add(JobRecord job)
    {
        var rank = QueueRank.Of(job, _options.AgeingStep);
        var delay = DelayOf(job);
        if (delay > TimeSpan.Zero)
        {
            var due = Elapsed() + delay;
            _pending[job.JobId] = new Entry(rank, due, job.QueuedAt);
            _schedule.Enqueue(job.JobId, due);
            SetTimer();
        }
        else
        {
            _pending[job.JobId] = new Entry(rank, Due: null, job.QueuedAt);
            _queue.Enqueue(job.JobId, rank);
        }
    }

    /// <summary>Limits the wait to Retry:MaxDelay, so that a clock set back does not delay a job further.</summary>
    private TimeSpan DelayOf(JobRecord job)
    {
        if (job.NextAttemptAt is not { } nextAttemptAt)
        {
            return TimeSpan.Zero;
        }

        var delay = nextAttemptAt - _time.GetUtcNow();
        return delay < _retry.MaxDelay ? delay : _retry.MaxDelay;
    }

    private void QueueDue()
    {
        lock (_lock)
        {
            while (_schedule.TryPeek(out var jobId, out var due) && due <= Elapsed())
            {
                _schedule.Dequeue();

                // The job can be cancelled or rescheduled since; then this entry is stale.
                if (_pending.TryGetValue(jobId, out var entry) && entry.Due == due)
                {
                    _pending[jobId] = entry with { Due = null };
                    _queue.Enqueue(jobId, entry.Rank);
                }
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (_schedule.TryPeek(out _, out var due))
        {
            // Rounded up to whole milliseconds, because a timer that fires early would find nothing due.
            var wait = Math.Max(0, Math.Ceiling((due - Elapsed()).TotalMilliseconds));
            _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Monotonic time, unaffected by changes of the wall clock.</summary>
    private TimeSpan Elapsed() => _time.GetElapsedTime(_origin);

    /// <param name="Rank">Rank in the queue.</param>
    /// <param name="Due">End of the back-off; null if the job is queued.</param>
    /// <param name="QueuedAt">When the job entered the queue.</param>
    private sealed record Entry(DateTimeOffset Rank, TimeSpan? Due, DateTimeOffset QueuedAt);
}
