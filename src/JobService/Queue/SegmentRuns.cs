namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The latest work on segments, for those who ask what a job is at. In memory and bounded: of the jobs that were worked
/// on last, and of each the latest runs. What has to last is with the attempts in the database.
/// </summary>
internal sealed class SegmentRuns
{
    /// <summary>Jobs that are remembered; those that began first are forgotten first.</summary>
    public const int MaxJobs = 1_000;

    /// <summary>Runs of a job that are remembered, the latest.</summary>
    public const int MaxRunsOfJob = 200;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<Guid, Queue<RecordedRun>> _jobs = [];
    private readonly Queue<Guid> _order = new();

    public SegmentRuns(IJobStore store, TimeProvider time)
    {
        _time = time;
        store.Committed += Forget;
    }

    /// <summary>Begins a run.</summary>
    public RecordedRun Begin(JobRecord job, Segment segment)
    {
        var run = new RecordedRun(new SegmentRun(segment, job.Attempts.Count, _time.GetUtcNow()), _time);
        lock (_lock)
        {
            if (!_jobs.TryGetValue(job.JobId, out var runs))
            {
                MakeRoom();
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

    /// <summary>The runs of a job, oldest first; none where they were forgotten.</summary>
    public IReadOnlyList<SegmentRun> Of(Guid jobId)
    {
        lock (_lock)
        {
            return _jobs.TryGetValue(jobId, out var runs) ? [.. runs.Select(run => run.Current)] : [];
        }
    }

    private void MakeRoom()
    {
        while (_order.Count >= MaxJobs)
        {
            _jobs.Remove(_order.Dequeue());
        }
    }

    /// <summary>A job that was deleted leaves nothing; its place in the order is passed over.</summary>
    private void Forget(JobCommit commit)
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
