using System.Collections.Concurrent;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Tracks the latest state of every job: the durable record, plus the progress of the jobs that run here, which stays
/// in memory between durable changes. It applies durable changes in commit order and wakes the callers that wait for
/// one. If other nodes share the store, readers see stored progress only, so that all nodes answer alike.
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
        store.Changed += OnChanged;
    }

    /// <inheritdoc cref="IJobStore.IsShared" />
    public bool IsShared => _store.IsShared;

    /// <inheritdoc cref="IJobStore.Now" />
    public DateTimeOffset Now => _store.Now;

    /// <summary>The jobs that run here with their latest progress, unordered.</summary>
    public IEnumerable<JobRecord> Running => _running.Values;

    /// <summary>The job as readers see it; null if the job does not exist.</summary>
    public ValueTask<JobRecord?> FindAsync(Guid jobId, CancellationToken cancellationToken) =>
        !IsShared && _running.TryGetValue(jobId, out var job) ? new(job) : _store.FindAsync(jobId, cancellationToken);

    /// <summary>A job that was just stored, as readers see it.</summary>
    public JobRecord WithProgress(JobRecord stored) =>
        !IsShared && _running.TryGetValue(stored.JobId, out var job) ? job : stored;

    /// <summary>
    /// A stored job as readers see it. Unlike <see cref="WithProgress"/> it takes everything but the progress from the
    /// given record, which can be newer than the last published commit.
    /// </summary>
    public JobRecord Latest(JobRecord stored) => IsShared ? stored : WithOwnProgress(stored);

    /// <summary>
    /// Adds the progress of the attempt that runs here to a stored job, unless the job belongs to another attempt.
    /// Returns the same instance if that progress is stored.
    /// </summary>
    public JobRecord WithOwnProgress(JobRecord stored) =>
        _running.TryGetValue(stored.JobId, out var shown) && shown.Lease?.Token == stored.Lease?.Token
            ? WithProgressOf(stored, shown)
            : stored;

    /// <summary>
    /// Applies a transition durably to the job as readers see it. When this returns, readers see the change and waiting
    /// callers are awake. Passes on the transition's <see cref="TransitionRefusedException"/>; returns null if the job
    /// does not exist.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="transition">Gets the job and the time by the store's clock.</param>
    /// <param name="cancellationToken">Cancels a change whose commit has not started.</param>
    public Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken) =>
        ChangeAsync(jobId, Latest, transition, cancellationToken);

    /// <summary>
    /// As <see cref="ChangeAsync(Guid, Func{JobRecord, DateTimeOffset, JobRecord}, CancellationToken)"/>, for the
    /// attempt that runs here: the change stores its progress too.
    /// </summary>
    public Task<JobRecord?> ChangeOwnAsync(
        Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken) =>
        ChangeAsync(jobId, WithOwnProgress, transition, cancellationToken);

    /// <summary>
    /// Applies a transition to a job that runs here in memory only. The next durable change of its attempt stores it; a
    /// crash before that loses only this update.
    /// </summary>
    public void UpdateProgress(Guid jobId, Func<JobRecord, DateTimeOffset, JobRecord> transition)
    {
        while (_running.TryGetValue(jobId, out var job))
        {
            if (_running.TryUpdate(jobId, transition(job, Now), job))
            {
                if (!IsShared)
                {
                    Wake(jobId);
                }

                return;
            }
        }
    }

    /// <summary>
    /// Forgets the progress of an attempt that lost its job to another node, whose changes are not seen here. Without
    /// other nodes, the commit that took the job away ends that.
    /// </summary>
    public void ForgetLost(Guid jobId, Guid token)
    {
        while (IsShared && _running.TryGetValue(jobId, out var job) && job.Lease?.Token == token)
        {
            _running.TryRemove(KeyValuePair.Create(jobId, job));
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

    private Task<JobRecord?> ChangeAsync(
        Guid jobId, Func<JobRecord, JobRecord> withProgress,
        Func<JobRecord, DateTimeOffset, JobRecord> transition, CancellationToken cancellationToken) =>
        _store.UpdateAsync(
            jobId,
            (stored, now) =>
            {
                // Unstored progress alone must not cause a write.
                var latest = withProgress(stored);
                var changed = transition(latest, now);
                return ReferenceEquals(changed, latest) ? stored : changed;
            },
            cancellationToken);

    private void OnCommitted(JobCommit commit)
    {
        if (commit.After is not { Status: JobStatus.Running } job)
        {
            _running.TryRemove(commit.JobId, out _);
        }
        else if (RunsHere(commit.Before, job))
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

    private void OnChanged(JobChanges changes)
    {
        foreach (var jobId in changes.JobIds ?? (IEnumerable<Guid>)_changes.Keys)
        {
            Wake(jobId);
        }
    }

    /// <summary>Whether this process claimed the running job, now or before.</summary>
    private bool RunsHere(JobRecord? before, JobRecord running) =>
        !IsShared || before is not { Status: JobStatus.Running }
        || (_running.TryGetValue(running.JobId, out var shown) && shown.Lease?.Token == running.Lease?.Token);

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
