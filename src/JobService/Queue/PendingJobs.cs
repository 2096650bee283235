using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Which jobs are pending, kept in step with the database by its commits: those that may run are in the queue, the
/// others follow when their time has come. It also counts places, so that a submission knows whether there is one
/// before its video is stored.
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
    private readonly Dictionary<Guid, Place> _pending = [];
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
        store.Committed += Follow;
    }

    /// <summary>How many jobs are pending, in the queue or not.</summary>
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

    /// <summary>How many of them wait for their back-off.</summary>
    public int ScheduledCount
    {
        get
        {
            lock (_lock)
            {
                return _pending.Values.Count(place => place.Due is not null);
            }
        }
    }

    /// <summary>
    /// Since when the job waits that waits for the longest time and may run; null where there is none. Looks at all.
    /// </summary>
    public DateTimeOffset? OldestQueuedAt
    {
        get
        {
            lock (_lock)
            {
                return _pending.Values.Where(place => place.Due is null).Min(place => (DateTimeOffset?)place.QueuedAt);
            }
        }
    }

    /// <summary>The ids of all pending jobs as they are now, in no order.</summary>
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

    /// <summary>Adds a job that was pending before this start.</summary>
    public void Restore(JobRecord job)
    {
        lock (_lock)
        {
            Add(job);
        }
    }

    /// <summary>
    /// Keeps a place for a job that is to become pending; false where as many jobs are pending or announced as there
    /// may be. A job that is pending or announced needs no other place.
    /// </summary>
    public bool TryReserve(Guid jobId, int limit)
    {
        lock (_lock)
        {
            var announced = _reserved.GetValueOrDefault(jobId);
            if (announced == 0 && !_pending.ContainsKey(jobId) && _pending.Count + _reserved.Count >= limit)
            {
                return false;
            }

            _reserved[jobId] = announced + 1;
            return true;
        }
    }

    /// <summary>Gives a place back; nothing where the job has become pending and took it.</summary>
    public void GiveBack(Guid jobId)
    {
        lock (_lock)
        {
            if (_reserved.TryGetValue(jobId, out var announced))
            {
                if (announced > 1)
                {
                    _reserved[jobId] = announced - 1;
                }
                else
                {
                    _reserved.Remove(jobId);
                }
            }
        }
    }

    /// <summary>Whether a place is kept for a job that is not pending yet.</summary>
    public bool IsReserved(Guid jobId)
    {
        lock (_lock)
        {
            return _reserved.ContainsKey(jobId);
        }
    }

    /// <summary>Whether the job is pending and its next attempt may not begin yet.</summary>
    public bool IsScheduled(Guid jobId)
    {
        lock (_lock)
        {
            return _pending.TryGetValue(jobId, out var place) && place.Due is not null;
        }
    }

    /// <summary>Puts an id back that was taken from the queue, unless its job has been changed since.</summary>
    public void Return(Guid jobId)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(jobId, out var place) && place.Due is null)
            {
                _queue.Enqueue(jobId, place.Rank);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Follow(JobCommit commit)
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
            _pending[job.JobId] = new Place(rank, due, job.QueuedAt);
            _schedule.Enqueue(job.JobId, due);
            SetTimer();
        }
        else
        {
            _pending[job.JobId] = new Place(rank, Due: null, job.QueuedAt);
            _queue.Enqueue(job.JobId, rank);
        }
    }

    /// <summary>A clock that was set back must not park a job: no wait is longer than the longest back-off.</summary>
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

                // An entry whose job was cancelled, or scheduled anew, is of no use any more.
                if (_pending.TryGetValue(jobId, out var place) && place.Due == due)
                {
                    _pending[jobId] = place with { Due = null };
                    _queue.Enqueue(jobId, place.Rank);
                }
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (_schedule.TryPeek(out _, out var due))
        {
            // Whole milliseconds, rounded up: a timer that fires early would find nothing due.
            var wait = Math.Max(0, Math.Ceiling((due - Elapsed()).TotalMilliseconds));
            _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Time that no change of the wall clock moves.</summary>
    private TimeSpan Elapsed() => _time.GetElapsedTime(_origin);

    /// <param name="Rank">Rank in the queue.</param>
    /// <param name="Due">When the job is to be queued; null where it was.</param>
    /// <param name="QueuedAt">Since when the job waits.</param>
    private sealed record Place(DateTimeOffset Rank, TimeSpan? Due, DateTimeOffset QueuedAt);
}
