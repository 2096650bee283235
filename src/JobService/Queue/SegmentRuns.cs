namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The recent runs of segments, for DiagnoseJob. In memory and limited to the latest jobs and their latest runs; the
/// database holds the attempts.
/// </summary>
internal sealed class SegmentRuns
{
    /// <summary>Maximum number of jobs; the job whose first run is oldest is dropped first.</summary>
    public const int MaxJobs = 1_000;

    /// <summary>Maximum number of runs per job; the oldest is dropped first.</summary>
    public const int MaxRunsOfJob = 200;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<Guid, Queue<SegmentRunRecorder>> _jobs = [];
    private readonly Queue<Guid> _order = new();

    public SegmentRuns(IJobStore store, TimeProvider time)
    {
        _time = time;
        store.Committed += OnCommitted;
    }

    /// <summary>Begins a run.</summary>
    public SegmentRunRecorder Begin(JobRecord job, Segment segment)
    {
        var run = new SegmentRunRecorder(new SegmentRun(segment, job.Attempts.Count, _time.GetUtcNow()), _time);
        lock (_lock)
        {
            if (!_jobs.TryGetValue(job.JobId, out var runs))
            {
                EvictOldest();
                _jobs.Add(job.JobId, runs = []);
                _order.Enqueue(job.JobId);
            }

            if (runs.Count == MaxRunsOfJob)
            {
                runs.Dequeue();
            }

            runs.Enqueue(run);
        }

        return run;
    }

    /// <summary>The recent runs of a job, oldest first; empty if they were evicted.</summary>
    public IReadOnlyList<SegmentRun> Of(Guid jobId)
    {
        lock (_lock)
        {
            return _jobs.TryGetValue(jobId, out var runs) ? [.. runs.Select(run => run.Current)] : [];
        }
    }

    private void EvictOldest()
    {
        while (_order.Count >= MaxJobs)
        {
            _jobs.Remove(_order.Dequeue());
        }
    }

    /// <summary>Drops a deleted job; its id stays in the eviction order and is skipped there.</summary>
    private void OnCommitted(JobCommit commit)
    {
        if (commit.After is null)
        {
            lock (_lock)
            {
                _jobs.Remove(commit.JobId);
            }
        }
    }
}

/// <summary>A run of a segment.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Attempt">Number of the attempt, from 1.</param>
/// <param name="StartedAt">When the run began.</param>
internal sealed record SegmentRun(Segment Segment, int Attempt, DateTimeOffset StartedAt)
{
    /// <summary>The latest InferenceService that received the segment; null before the first call.</summary>
    public Uri? Instance { get; init; }

    /// <summary>When the run ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether its results are stored.</summary>
    public bool IsFinished { get; init; }

    public int FramesAnalyzed { get; init; }

    /// <summary>Why the run failed; null if it did not, or if another segment's failure cancelled it.</summary>
    public JobFailure? Failure { get; init; }
}

/// <summary>Records the steps of one run. One writer at a time, many readers.</summary>
internal sealed class SegmentRunRecorder(SegmentRun begun, TimeProvider time)
{
    private volatile SegmentRun _current = begun;

    public SegmentRun Current => _current;

    /// <summary>An InferenceService receives the segment.</summary>
    public void SetInstance(Uri instance) => _current = _current with { Instance = instance };

    /// <summary>A call failed.</summary>
    public void SetFailure(JobFailure failure) => _current = _current with { Failure = failure };

    /// <summary>The results are stored.</summary>
    public void Finish(int framesAnalyzed) =>
        _current = _current with { IsFinished = true, FramesAnalyzed = framesAnalyzed };

    /// <summary>The run ended, finished or not.</summary>
    public void End() => _current = _current with { EndedAt = time.GetUtcNow() };
}
