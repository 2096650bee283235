using System.Globalization;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Collects everything that the service knows about a job.</summary>
internal sealed class JobDiagnoser(
    JobTracker tracker,
    JobMessages messages,
    PendingJobs pending,
    SegmentStore segments,
    SegmentRuns runs,
    IInferenceClient inference,
    Drain drain,
    IOptions<DispatchOptions> dispatch,
    TimeProvider time)
{
    /// <summary>Returns the diagnosis of a job that the caller can see.</summary>
    public JobDiagnosis Diagnose(JobRecord job, Caller caller)
    {
        var segmentRuns = runs.Of(job.JobId);
        var state = State();
        var counts = CountsOf(job, segmentRuns);
        var shown = messages.Of(job);
        return new JobDiagnosis
        {
            Job = shown,
            Explanation = JobExplanation.Of(shown, counts, state, time.GetUtcNow()),
            Timeline = { JobTimeline.Of(job, segmentRuns) },
            SegmentCounts = counts,
            Segments = { segmentRuns.Select(run => MessageOf(run, caller)) },
            DecoderOutput = job.Attempts.LastOrDefault(attempt => attempt.Failure?.LastWords.Length > 0)
                ?.Failure!.LastWords ?? "",
            TraceId = JobTraces.TraceIdOf(job),
            Dispatch = state,
        };
    }

    private DispatchState State() => new()
    {
        RunningJobs = tracker.Running.Count(),
        MaxRunningJobs = dispatch.Value.MaxConcurrentJobs,
        PendingJobs = pending.Count,
        ServingInstances = inference.ServingCount,
        KnownInstances = inference.KnownCount,
        DrainState = drain.State,
    };

    /// <summary>A completed job has no segments any more: its document contains them.</summary>
    private SegmentCounts CountsOf(JobRecord job, IReadOnlyList<SegmentRun> segmentRuns)
    {
        var counts = new SegmentCounts { Running = segmentRuns.Count(run => run.EndedAt is null) };
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
        ErrorMessage = run.Failure?.Message ?? "",
        Error = run.Failure?.ToStatus(),
        DecoderOutput = run.Failure?.LastWords ?? "",
    };
}

/// <summary>The events of a job in order. Pure.</summary>
internal static class JobTimeline
{
    /// <summary>Returns the events, oldest first.</summary>
    public static IEnumerable<JobTimelineEntry> Of(JobRecord job, IReadOnlyList<SegmentRun> runs) =>
        [.. OfAttempts(job).Concat(OfSegments(runs)).Concat(OfJob(job)).OrderBy(item => item.Time)];

    /// <summary>The state of a segment run.</summary>
    public static SegmentState StateOf(SegmentRun run) => run switch
    {
        { EndedAt: null } => SegmentState.Running,
        { IsFinished: true } => SegmentState.Finished,
        { Failure: not null } => SegmentState.Failed,
        _ => SegmentState.GivenUp,
    };

    private static IEnumerable<JobTimelineEntry> OfAttempts(JobRecord job)
    {
        foreach (var attempt in job.Attempts)
        {
            var resumed = attempt.FramesResumed > 0
                ? string.Create(CultureInfo.InvariantCulture, $" after {attempt.FramesResumed} earlier frames")
                : "";
            yield return Event(
                attempt.StartedAt, JobTimelineEntryKind.AttemptStarted,
                string.Create(CultureInfo.InvariantCulture, $"attempt {attempt.Number} started{resumed}"),
                attempt.Number);
            if (attempt is { EndedAt: { } endedAt, Failure: { } failure })
            {
                var kind = attempt.Retryable ? "retryable" : "not retryable";
                yield return Event(
                    endedAt, JobTimelineEntryKind.AttemptEnded,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"attempt {attempt.Number} failed: {failure.Reason.ToText()} ({kind}): ")
                    + failure.Message,
                    attempt.Number);
            }
        }
    }

    private static IEnumerable<JobTimelineEntry> OfSegments(IReadOnlyList<SegmentRun> runs) =>
        from run in runs
        where run.EndedAt is not null && run.Failure is not null
        select Event(
            run.EndedAt!.Value, JobTimelineEntryKind.SegmentFailed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"frames {run.Segment.StartFrame} to {run.Segment.EndFrame - 1}: {run.Failure!.Reason.ToText()}: "
                + $"{run.Failure.Message}"),
            run.Attempt);

    private static IEnumerable<JobTimelineEntry> OfJob(JobRecord job)
    {
        yield return Event(job.CreatedAt, JobTimelineEntryKind.Accepted, "accepted");
        if (job.QueuedAt > job.CreatedAt)
        {
            yield return Event(job.QueuedAt, JobTimelineEntryKind.Retried, "returned to the queue by RetryJob");
        }

        if (job is { Status: JobStatus.Pending, NextAttemptAt: { } next })
        {
            yield return Event(next, JobTimelineEntryKind.NextAttempt, "the next attempt can start");
        }

        if (job.EndedAt is { } endedAt)
        {
            yield return job.Status switch
            {
                JobStatus.Completed => Event(endedAt, JobTimelineEntryKind.Completed, "completed"),
                JobStatus.Cancelled => Event(endedAt, JobTimelineEntryKind.Cancelled, "cancelled by a caller"),
                _ => Event(endedAt, JobTimelineEntryKind.Failed, $"failed: {job.Failure?.Reason.ToText()}"),
            };
        }
    }

    private static JobTimelineEntry Event(
        DateTimeOffset time, JobTimelineEntryKind kind, string description, int attempt = 0) => new()
        {
            Time = time.ToTimestamp(),
            Kind = kind,
            Description = description,
            Attempt = attempt,
        };
}

/// <summary>Explains in words why a job has its status and what changes it. Pure.</summary>
internal static class JobExplanation
{
    /// <summary>Returns one or more sentences.</summary>
    /// <param name="job">The job as a message.</param>
    /// <param name="counts">The numbers of its segments.</param>
    /// <param name="state">The state of the dispatcher.</param>
    /// <param name="now">The current time.</param>
    public static string Of(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now) => job.Status switch
    {
        JobStatus.Pending => OfWait(job, state, now),
        JobStatus.Running => OfRun(job, counts, state, now),
        JobStatus.Completed => Text($"The job is completed: {job.Progress.FramesDone} frames in {Attempts(job)}."),
        JobStatus.Failed => OfFailure(job),
        _ => "A caller cancelled the job. RetryJob continues it after its finished segments.",
    };

    private static string OfWait(Job job, DispatchState state, DateTimeOffset now) => job.QueueState?.Reason switch
    {
        WaitReason.Draining =>
            "The server is draining and starts no jobs. This job runs after the server's next start; nothing is lost.",
        WaitReason.BackOff => OfBackOff(job, now),
        WaitReason.NoInferenceService => Text(
            $"None of {state.KnownInstances} InferenceServices serves (option Inference:Addresses). The job is number ")
            + Text($"{job.QueueState.Position} in the queue and begins when one does; waiting costs it no attempt."),
        _ => OfQueue(job, state),
    };

    private static string OfQueue(Job job, DispatchState state)
    {
        var running = Text($"{state.RunningJobs} of at most {state.MaxRunningJobs} jobs are running");
        var ahead = (job.QueueState?.Position ?? 1) - 1;
        var order = ahead > 0
            ? Text($"{ahead} jobs are ahead of this one, by priority and time")
            : "This job is next";
        return $"{running} (option Dispatch:MaxConcurrentJobs). {order}.";
    }

    private static string OfBackOff(Job job, DateTimeOffset now)
    {
        var failed = job.Attempts.LastOrDefault();
        var next = job.QueueState.NextAttemptAt?.ToDateTimeOffset();
        var left = next is { } due && due > now ? Text($"in {(due - now).TotalSeconds:0.#} s") : "now";
        var reason = ErrorStatus.InfoOf(failed?.Error)?.Reason;
        return Text($"Attempt {failed?.Number} failed with {reason}, which is retryable: ")
            + $"{failed?.ErrorMessage} The next attempt starts {left}.";
    }

    private static string OfRun(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now)
    {
        var since = now - job.Attempts[^1].StartedAt.ToDateTimeOffset();
        var text = Text($"Attempt {job.Attempts[^1].Number} has been running for {since.TotalSeconds:0.#} s. ");
        if (counts.Planned == 0)
        {
            return text + "It is probing the video.";
        }

        text += Text($"{counts.Finished} of {counts.Planned} segments are finished, {counts.Running} are running; ")
            + Text($"{job.Progress.FramesDone} of {job.Progress.FramesTotal} frames are done.");
        return state.ServingInstances > 0
            ? text
            : text + " No InferenceService is serving: running segments are lost unless one returns.";
    }

    private static string OfFailure(Job job)
    {
        var reason = ErrorStatus.ReasonOf(job.Error);
        var advice = reason == ErrorReason.Unspecified ? "" : $" {ErrorReasonTable.Of(reason).WhatToDo}";
        var why = job.Attempts.LastOrDefault() switch
        {
            // The message names the option that ended the job.
            _ when reason == ErrorReason.LeaseLost => "",
            { Retryable: true } =>
                Text($" The failure is retryable, but no attempt is left ({Attempts(job)}; option Retry:MaxAttempts)."),
            _ => " Another attempt would fail in the same way.",
        };
        return $"The job failed with {ErrorStatus.InfoOf(job.Error)?.Reason}: {job.ErrorMessage}{why}{advice}";
    }

    private static string Attempts(Job job) =>
        job.Attempts.Count == 1 ? "1 attempt" : Text($"{job.Attempts.Count} attempts");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
