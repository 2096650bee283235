using ForegSyte.Inference.V1;

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
    private readonly IJobStore _store;
    private readonly Dictionary<Guid, Queue<SegmentRunRecorder>> _jobs = [];
    private readonly Queue<Guid> _order = new();

    public SegmentRuns(IJobStore store)
    {
        _store = store;
        store.Committed += OnCommitted;
    }

    /// <summary>Begins a run.</summary>
    public SegmentRunRecorder Begin(JobRecord job, Segment segment)
    {
        var run = new SegmentRunRecorder(new SegmentRun(segment, job.Attempts.Count, _store.Now), _store);
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

/// <summary>Records the steps of one run. One writer at a time, many readers.</summary>
internal sealed class SegmentRunRecorder(SegmentRun begun, IJobStore store)
{
    private volatile SegmentRun _current = begun;

    public SegmentRun Current => _current;

    /// <summary>The run as it is if it ends now.</summary>
    public SegmentRun Ended => _current with { EndedAt = store.Now };

    /// <summary>An InferenceService receives the segment.</summary>
    public void SetInstance(Uri instance) => _current = _current with { Instance = instance };

    /// <summary>All InferenceServices were busy, so none has the segment.</summary>
    public void SetRefused() => _current = _current with { Instance = null };

    /// <summary>The InferenceService was lost while it had the segment.</summary>
    /// <param name="isShared">Whether it had a segment of another job too.</param>
    public void SetLost(bool isShared) =>
        _current = _current with { Loss = isShared ? SegmentLoss.Shared : SegmentLoss.Alone };

    /// <summary>A call failed.</summary>
    public void SetFailure(JobFailure failure) =>
        _current = _current with { Failure = failure, DecoderOutput = Tail(failure.LastWords) };

    /// <summary>The results arrived.</summary>
    public void SetResults(RunPipelineResponse response) => _current = _current with
    {
        FramesAnalyzed = response.Frames.Analyzed,
        FramesLost = response.Frames.Failed,

        // An undecodable segment has the decoder output of its failure.
        DecoderOutput = response.DecoderOutput.Length > 0 && response.Frames.Failed > 0
            ? Tail(response.DecoderOutput)
            : _current.DecoderOutput,
    };

    /// <summary>The results are stored.</summary>
    public void Finish() => _current = _current with { IsFinished = true };

    /// <summary>The run ended, finished or not.</summary>
    public void End() => _current = _current with { EndedAt = store.Now };

    private static string Tail(string decoderOutput) => decoderOutput.Length <= SegmentRun.MaxDecoderOutputLength
        ? decoderOutput
        : decoderOutput[^SegmentRun.MaxDecoderOutputLength..];
}
