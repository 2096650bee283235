using System.Collections.Concurrent;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// What the service knows about its jobs: the durable records, the progress of running jobs, which is kept in memory
/// between durable changes, and who waits for a change. Durable changes are shown in the order of their commits.
/// </summary>
internal sealed class JobTracker
{
    private readonly IJobStore _store;
    private readonly ConcurrentDictionary<Guid, JobRecord> _running = new();
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _changes = new();

    public JobTracker(IJobStore store)
    {
        _store = store;
        store.Committed += Show;
    }

    /// <summary>The running jobs with their latest progress, in no order.</summary>
    public IEnumerable<JobRecord> Running => _running.Values;

    /// <summary>Stores a new job; see <see cref="IJobStore.InsertAsync"/>.</summary>
    public Task<(JobRecord Job, bool Created)> AddAsync(JobRecord job, CancellationToken cancellationToken) =>
        _store.InsertAsync(job, cancellationToken);

    /// <summary>The job with its latest progress; null where there is none.</summary>
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        _running.TryGetValue(jobId, out var job) ? new(job) : _store.FindAsync(jobId, cancellationToken);

    /// <summary>A stored job with the progress that is not stored yet.</summary>
    public JobRecord WithProgress(JobRecord stored) =>
        _running.TryGetValue(stored.JobId, out var job) ? job : stored;

    /// <summary>
    /// Applies a transition durably to the job with its latest progress; when this returns, the change is shown and
    /// those who wait are woken. Throws <see cref="TransitionRefusedException"/> where the transition does; returns
    /// null where there is no such job.
    /// </summary>
    public Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
        _store.UpdateAsync(
            jobId,
            stored =>
            {
                // Progress alone is no reason to write.
                var latest = Latest(stored);
                var changed = transition(latest);
                return ReferenceEquals(changed, latest) ? stored : changed;
            },
            cancellationToken);

    /// <summary>
    /// Applies a transition to a running job in memory only: it is stored with the next durable change, and a crash
    /// before that loses nothing but the tick.
    /// </summary>
    public void Tick(Guid jobId, Func<JobRecord, JobRecord> transition)
    {
        while (_running.TryGetValue(jobId, out var job))
        {
            if (_running.TryUpdate(jobId, transition(job), job))
            {
                Wake(jobId);
                return;
            }
        }
    }

    /// <summary>
    /// A task that ends at the next change of the job. Take it first and read the job afterwards: then no change is
    /// missed between the two.
    /// </summary>
    public Task NextChange(Guid jobId) =>
        _changes.GetOrAdd(
            jobId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Ends the wait for a job: its next change has come, or never will.</summary>
    public void Wake(Guid jobId)
    {
        if (_changes.TryRemove(jobId, out var change))
        {
            change.TrySetResult();
        }
    }

    private void Show(JobCommit commit)
    {
        if (commit.After is not { Status: JobStatus.Running } job)
        {
            _running.TryRemove(commit.JobId, out _);
        }
        else
        {
            _running.AddOrUpdate(
                job.JobId,
                static (_, changed) => changed,
                static (_, shown, changed) =>
                    shown.Lease?.Token == changed.Lease?.Token ? WithProgressOf(changed, shown) : changed,
                job);
        }

        Wake(commit.JobId);
    }

    private JobRecord Latest(JobRecord stored) =>
        _running.TryGetValue(stored.JobId, out var shown) && shown.Lease?.Token == stored.Lease?.Token
            ? WithProgressOf(stored, shown)
            : stored;

    /// <summary>Progress never runs backwards, in whatever order ticks and durable changes come in.</summary>
    private static JobRecord WithProgressOf(JobRecord job, JobRecord shown) => shown.FramesDone <= job.FramesDone
        ? job
        : job with
        {
            FramesDone = shown.FramesDone,
            DecodeTime = shown.DecodeTime,
            InferenceTime = shown.InferenceTime,
            Device = shown.Device,
        };
}
