using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc.Diagnosis;

/// <summary>Gathers all that is known of a job.</summary>
internal sealed class JobDiagnoser(
    JobTracker board,
    JobView view,
    PendingJobs pending,
    SegmentStore segments,
    SegmentRuns runs,
    IInferenceClient inference,
    Drain drain,
    IOptions<DispatchOptions> dispatch,
    TimeProvider time)
{
    /// <summary>The diagnosis of a job that the caller may see.</summary>
    public JobDiagnosis Diagnose(JobRecord job, Caller caller)
    {
        var worked = runs.Of(job.JobId);
        var state = State();
        var counts = CountsOf(job, worked);
        var shown = view.Of(job);
        return new JobDiagnosis
        {
            Job = shown,
            Explanation = JobExplanation.Of(shown, counts, state, time.GetUtcNow()),
            Timeline = { JobTimeline.Of(job, worked) },
            SegmentCounts = counts,
            Segments = { worked.Select(run => MessageOf(run, caller)) },
            LastWords = job.Attempts.LastOrDefault(attempt => attempt.Failure?.LastWords.Length > 0)
                ?.Failure!.LastWords ?? "",
            TraceId = JobTraces.TraceIdOf(job),
            Dispatch = state,
        };
    }

    private DispatchState State() => new()
    {
        RunningJobs = board.Running.Count(),
        MaxRunningJobs = dispatch.Value.MaxConcurrentJobs,
        PendingJobs = pending.Count,
        ServingInstances = inference.ServingCount,
        KnownInstances = inference.KnownCount,
        DrainState = drain.State,
    };

    /// <summary>Segments of a job that has ended well are gone: its document has them all.</summary>
    private SegmentCounts CountsOf(JobRecord job, IReadOnlyList<SegmentRun> worked)
    {
        var counts = new SegmentCounts { Running = worked.Count(run => run.EndedAt is null) };
        if (job.Status != JobStatus.Completed && segments.Find(job.JobId) is { } finished)
        {
            counts.Planned = finished.Count;
            counts.Finished = finished.StoredCount;
        }

        return counts;
    }

    private static SegmentDiagnosis MessageOf(SegmentRun run, Caller caller) => new()
    {
        Number = run.Segment.Number,
        StartFrame = run.Segment.StartFrame,
        EndFrame = run.Segment.EndFrame,
        Attempt = run.Attempt,
        State = JobTimeline.StateOf(run),
        Instance = caller.IsAdmin ? run.Instance?.ToString() ?? "" : "",
        StartedAt = run.StartedAt.ToTimestamp(),
        EndedAt = run.EndedAt?.ToTimestamp(),
        FramesAnalyzed = run.FramesAnalyzed,
        ErrorReason = run.Failure?.Reason.ToText() ?? "",
        ErrorMessage = run.Failure?.Message ?? "",
        LastWords = run.Failure?.LastWords ?? "",
    };
}
