using System.Globalization;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Grpc.Diagnosis;

/// <summary>What happened to a job, in order. Pure.</summary>
internal static class JobTimeline
{
    /// <summary>The events of a job, oldest first.</summary>
    public static IEnumerable<JobEvent> Of(JobRecord job, IReadOnlyList<SegmentRun> runs) =>
        [.. OfAttempts(job).Concat(OfSegments(runs)).Concat(OfJob(job)).OrderBy(happened => happened.Time)];

    /// <summary>How far the work on a segment is.</summary>
    public static SegmentState StateOf(SegmentRun run) => run switch
    {
        { EndedAt: null } => SegmentState.Running,
        { IsFinished: true } => SegmentState.Finished,
        { Failure: not null } => SegmentState.Failed,
        _ => SegmentState.GivenUp,
    };

    private static IEnumerable<JobEvent> OfAttempts(JobRecord job)
    {
        foreach (var attempt in job.Attempts)
        {
            var resumed = attempt.FramesResumed > 0
                ? string.Create(CultureInfo.InvariantCulture, $", after {attempt.FramesResumed} frames of earlier ones")
                : "";
            yield return Event(
                attempt.StartedAt, JobEventKind.AttemptStarted,
                string.Create(CultureInfo.InvariantCulture, $"attempt {attempt.Number} began{resumed}"),
                attempt.Number);
            if (attempt is { EndedAt: { } endedAt, Failure: { } failure })
            {
                var passes = attempt.Retryable ? "may pass" : "does not pass by itself";
                yield return Event(
                    endedAt, JobEventKind.AttemptEnded,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"attempt {attempt.Number} ended: {failure.Reason.ToText()}, which {passes}: ")
                    + failure.Message,
                    attempt.Number);
            }
        }
    }

    private static IEnumerable<JobEvent> OfSegments(IReadOnlyList<SegmentRun> runs) =>
        from run in runs
        where run.EndedAt is not null && run.Failure is not null
        select Event(
            run.EndedAt!.Value, JobEventKind.SegmentFailed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"frames {run.Segment.StartFrame} to {run.Segment.EndFrame - 1}: {run.Failure!.Reason.ToText()}: "
                + $"{run.Failure.Message}"),
            run.Attempt);

    private static IEnumerable<JobEvent> OfJob(JobRecord job)
    {
        yield return Event(job.CreatedAt, JobEventKind.Accepted, "accepted");
        if (job.QueuedAt > job.CreatedAt)
        {
            yield return Event(job.QueuedAt, JobEventKind.Retried, "put back to the queue by RetryJob");
        }

        if (job is { Status: JobStatus.Pending, NextAttemptAt: { } next })
        {
            yield return Event(next, JobEventKind.NextAttempt, "the next attempt may begin");
        }

        if (job.EndedAt is { } endedAt)
        {
            yield return job.Status switch
            {
                JobStatus.Completed => Event(endedAt, JobEventKind.Completed, "completed"),
                JobStatus.Cancelled => Event(endedAt, JobEventKind.Cancelled, "cancelled by a caller"),
                _ => Event(endedAt, JobEventKind.Failed, $"failed: {job.Failure?.Reason.ToText()}"),
            };
        }
    }

    private static JobEvent Event(DateTimeOffset time, JobEventKind kind, string description, int attempt = 0) => new()
    {
        Time = time.ToTimestamp(),
        Kind = kind,
        Description = description,
        Attempt = attempt,
    };
}
