using ForegSyte.Hosting.Configuration;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Tracks the pending jobs by following commits: runnable jobs are in the queue, the others are in a schedule until
/// their back-off is over.
/// </summary>
internal sealed class PendingJobs : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IJobStore _store;
    private readonly IJobQueue _queue;
    private readonly QueueOptions _options;
    private readonly RetryOptions _retry;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly Dictionary<Guid, Entry> _pending = [];
    private readonly PriorityQueue<Guid, TimeSpan> _schedule = new();

    public PendingJobs(
        IJobStore store, IJobQueue queue, IOptions<QueueOptions> options, IOptions<RetryOptions> retry,
        TimeProvider time)
    {
        _store = store;
        _queue = queue;
        _options = options.Value;
        _retry = retry.Value;
        _time = time;
        _origin = time.GetTimestamp();
        _timer = time.CreateTimer(
            _ => QueueDue(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        store.Committed += OnCommitted;
    }

    /// <summary>Counts the pending jobs of a tenant, or of all tenants if it is null. O(n).</summary>
    public QueueCounts CountOf(string? tenant)
    {
        var (pending, scheduled, oldest) = (0, 0, (DateTimeOffset?)null);
        lock (_lock)
        {
            foreach (var entry in _pending.Values)
            {
                if (tenant is not null && entry.Tenant != tenant)
                {
                    continue;
                }

                pending++;
                if (entry.Due is not null)
                {
                    scheduled++;
                }
                else if (oldest is null || entry.QueuedAt < oldest)
                {
                    oldest = entry.QueuedAt;
                }
            }
        }

        return new QueueCounts(pending, scheduled, oldest);
    }

    /// <summary>Adds a job that was pending before the service started.</summary>
    public void Restore(JobRecord job)
    {
        lock (_lock)
        {
            Add(job);
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
                _queue.Enqueue(jobId, entry.Tenant, entry.Rank);
            }
        }
    }

    /// <summary>Holds a runnable job back for a time, in memory only: a restart or a commit ends the wait.</summary>
    public void Postpone(Guid jobId, TimeSpan delay)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(jobId, out var entry) && entry.Due is null)
            {
                _queue.Remove(jobId);
                Schedule(jobId, entry, delay);
            }
        }
    }

    /// <summary>Ends the wait of a scheduled job.</summary>
    public void QueueNow(Guid jobId)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(jobId, out var entry) && entry.Due is not null)
            {
                _pending[jobId] = entry with { Due = null };
                _queue.Enqueue(jobId, entry.Tenant, entry.Rank);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void OnCommitted(JobCommit commit)
    {
        lock (_lock)
        {
            if (commit is { Before.Status: JobStatus.Pending, After: { Status: JobStatus.Pending } updated })
            {
                ChangeRank(updated);
            }
            else if (commit.After is { Status: JobStatus.Pending } job)
            {
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
            Schedule(job.JobId, new Entry(job.Tenant, rank, Due: null, job.QueuedAt), delay);
        }
        else
        {
            _pending[job.JobId] = new Entry(job.Tenant, rank, Due: null, job.QueuedAt);
            _queue.Enqueue(job.JobId, job.Tenant, rank);
        }
    }

    private void Schedule(Guid jobId, Entry entry, TimeSpan delay)
    {
        var due = Elapsed() + delay;
        _pending[jobId] = entry with { Due = due };
        _schedule.Enqueue(jobId, due);
        SetTimer();
    }

    /// <summary>Moves a job whose priority a caller changed. A scheduled job gets its rank when it is due.</summary>
    private void ChangeRank(JobRecord job)
    {
        var rank = QueueRank.Of(job, _options.AgeingStep);
        if (!_pending.TryGetValue(job.JobId, out var entry) || entry.Rank == rank)
        {
            return;
        }

        _pending[job.JobId] = entry with { Rank = rank };

        // An id that is not in the queue was just dequeued; its taker claims the job or returns the id.
        if (_queue.Remove(job.JobId))
        {
            _queue.Enqueue(job.JobId, job.Tenant, rank);
        }
    }

    /// <summary>Limits the wait to Retry:MaxDelay, so that a clock set back does not delay a job further.</summary>
    private TimeSpan DelayOf(JobRecord job)
    {
        if (job.NextAttemptAt is not { } nextAttemptAt)
        {
            return TimeSpan.Zero;
        }

        var delay = nextAttemptAt - _store.Now;
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
                    _queue.Enqueue(jobId, entry.Tenant, entry.Rank);
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

    /// <param name="Tenant">Tenant of the job.</param>
    /// <param name="Rank">Rank among the queued jobs of the tenant.</param>
    /// <param name="Due">End of the back-off; null if the job is queued.</param>
    /// <param name="QueuedAt">When the job entered the queue.</param>
    private sealed record Entry(string Tenant, DateTimeOffset Rank, TimeSpan? Due, DateTimeOffset QueuedAt);
}

/// <summary>
/// Ranks the jobs of a tenant in the queue. The priority of a job rises by 1 for each
/// <see cref="QueueOptions.AgeingStep"/> waited. All jobs age at the same rate, so a rank stays valid until a caller
/// changes the job's priority.
/// </summary>
internal static class QueueRank
{
    /// <summary>The queue time at which a job of priority 0 would be equally urgent.</summary>
    public static DateTimeOffset Of(JobRecord job, TimeSpan ageingStep) => job.QueuedAt - (job.Priority * ageingStep);
}

/// <summary>The order of the jobs of a tenant in the queue. Section "Queue".</summary>
internal sealed class QueueOptions
{
    public const string Section = "Queue";

    /// <summary>Waiting time that counts as one level of priority, so that no job waits forever.</summary>
    /// <value>1 s to 1 day; 1 minute by default.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan AgeingStep { get; set; } = TimeSpan.FromMinutes(1);
}
