using System.Collections.Concurrent;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Tracks the latest state of every job: the durable record, plus the progress of running jobs, which stays in memory
/// between durable changes. It applies durable changes in commit order and wakes the callers that wait for one.
/// </summary>
internal sealed class JobTracker
{
    private readonly IJobStore _store;
    private readonly ConcurrentDictionary<Guid, JobRecord> _running = new();
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _changes = new();

    public JobTracker(IJobStore store)
    {
        _store = store;
        store.Committed += OnCommitted;
    }

    /// <summary>The running jobs with their latest progress, unordered.</summary>
    public IEnumerable<JobRecord> Running => _running.Values;

    /// <summary>The job with its latest progress; null if the job does not exist.</summary>
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        _running.TryGetValue(jobId, out var job) ? new(job) : _store.FindAsync(jobId, cancellationToken);

    /// <summary>Adds the progress that is not yet stored to a stored job.</summary>
    public JobRecord WithProgress(JobRecord stored) =>
        _running.TryGetValue(stored.JobId, out var job) ? job : stored;

    /// <summary>
    /// Adds the progress of the running attempt to a stored job, as readers see it. Unlike <see cref="WithProgress"/>
    /// it takes everything else from the given record, which can be newer than the last published commit.
    /// </summary>
    public JobRecord Latest(JobRecord stored) =>
        _running.TryGetValue(stored.JobId, out var shown) && shown.Lease?.Token == stored.Lease?.Token
            ? WithProgressOf(stored, shown)
            : stored;

    /// <summary>
    /// Applies a transition durably to the job with its latest progress. When this returns, readers see the change and
    /// waiting callers are awake. Passes on the transition's <see cref="TransitionRefusedException"/>; returns null if
    /// the job does not exist.
    /// </summary>
    public Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, JobRecord> transition, CancellationToken cancellationToken) =>
        _store.UpdateAsync(
            jobId,
            stored =>
            {
                // Unstored progress alone must not cause a write.
                var latest = Latest(stored);
                var changed = transition(latest);
                return ReferenceEquals(changed, latest) ? stored : changed;
            },
            cancellationToken);

    /// <summary>
    /// Applies a transition to a running job in memory only. The next durable change stores it; a crash before that
    /// loses only this update.
    /// </summary>
    public void UpdateProgress(Guid jobId, Func<JobRecord, JobRecord> transition)
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
    /// A task that completes at the next change of the job. Take the task first and read the job afterwards, so that no
    /// change between the two is missed.
    /// </summary>
    public Task NextChange(Guid jobId) =>
        _changes.GetOrAdd(
            jobId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Completes the task of <see cref="NextChange"/>.</summary>
    public void Wake(Guid jobId)
    {
        if (_changes.TryRemove(jobId, out var change))
        {
            change.TrySetResult();
        }
    }

    private void OnCommitted(JobCommit commit)
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

    /// <summary>
    /// Keeps the higher progress, because updates and durable changes can arrive in any order. A lost frame is progress
    /// too: its segment is finished.
    /// </summary>
    private static JobRecord WithProgressOf(JobRecord job, JobRecord shown) =>
        shown.FramesDone + shown.FramesLost <= job.FramesDone + job.FramesLost
        ? job
        : job with
        {
            FramesDone = shown.FramesDone,
            Warnings = shown.Warnings,
            DecodeTime = shown.DecodeTime,
            InferenceTime = shown.InferenceTime,
            Devices = shown.Devices,
            ResultBytes = shown.ResultBytes,
        };
}
