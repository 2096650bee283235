using System.Globalization;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Collects everything that the service knows about a job.</summary>
internal sealed class JobDiagnoser(
    JobTracker tracker,
    JobMessages messages,
    IJobClaims claims,
    ISegmentStore segments,
    SegmentRuns runs,
    IJobStore store,
    IStorage storage,
    IWebhookOutbox outbox,
    StorageAccess storageAccess,
    IInferenceClient inference,
    Drain drain,
    IOptions<DispatchOptions> dispatch,
    IOptions<TenantOptions> tenants,
    IOptions<InferenceOptions> options)
{
    /// <summary>Returns the diagnosis of a job that the caller can see.</summary>
    public async Task<JobDiagnosis> DiagnoseAsync(JobRecord job, Caller caller, CancellationToken cancellationToken)
    {
        var stored = await store.ListFailedSegmentsAsync(job.JobId, cancellationToken);
        var segmentRuns = JobTimeline.Join(runs.Of(job.JobId), stored);
        var state = await StateForAsync(caller, cancellationToken);
        var counts = await CountsOfAsync(job, segmentRuns, cancellationToken);
        var shown = await messages.OfAsync(job, cancellationToken);
        var deliveries = await DeliveriesOfAsync(job, caller, cancellationToken);
        return new JobDiagnosis
        {
            Job = shown,
            Explanation = JobExplanation.Of(
                shown, counts, state, store.Now, WaitOf(job, caller), isOfTenant: !caller.IsAdmin)
                + WebhookDiagnosis.ExplanationOf(deliveries),
            Timeline = { JobTimeline.Of(job, segmentRuns) },
            SegmentCounts = counts,
            Segments = { segmentRuns.Select(run => MessageOf(run, caller)) },
            DecoderOutput = JobTimeline.DecoderOutputOf(job, stored),
            TraceId = JobTraces.TraceIdOf(job),
            Dispatch = state,
            WebhookDeliveries = { deliveries.Select(WebhookDiagnosis.MessageOf) },
        };
    }

    /// <summary>Only admins see the receivers of the configuration.</summary>
    private async Task<IReadOnlyList<DeliveryRecord>> DeliveriesOfAsync(
        JobRecord job, Caller caller, CancellationToken cancellationToken) =>
        [
            .. (await outbox.ListAsync(job.JobId, cancellationToken))
                .Where(delivery => caller.IsAdmin || delivery.Endpoint.Length == 0),
        ];

    /// <summary>Only admins see paths of the server.</summary>
    private StorageWait? WaitOf(JobRecord job, Caller caller) => storageAccess.WaitOf(job.JobId) is { } failure
        ? new StorageWait(
            failure,
            caller.IsAdmin ? storage.Folder : null,
            options.Value.UnreadableRetryDelay)
        : null;

    /// <summary>
    /// Only admins see counts of all tenants. Jobs of Dispatch:ReservedJobs run each for another tenant, so one tenant
    /// alone has at most Dispatch:MaxConcurrentJobs.
    /// </summary>
    private async Task<DispatchState> StateForAsync(Caller caller, CancellationToken cancellationToken) => new()
    {
        RunningJobs = tracker.Running.Count(job => caller.CanSee(job.Tenant)),
        MaxRunningJobs = caller is { IsAdmin: true, Tenant.Length: > 0 }
            ? dispatch.Value.MaxConcurrentJobs + dispatch.Value.ReservedJobs
            : Math.Min(
                dispatch.Value.MaxConcurrentJobs,
                tenants.Value.For(caller.Tenant).MaxRunningJobs is > 0 and var limit ? limit : int.MaxValue),
        PendingJobs = (await claims.CountAsync(caller.VisibleTenant, cancellationToken)).Pending,
        ServingInstances = inference.ServingCount,
        KnownInstances = inference.KnownCount,
        DrainState = drain.State,
    };

    /// <summary>A completed job has no segments any more: its document contains them.</summary>
    private async Task<SegmentCounts> CountsOfAsync(
        JobRecord job, IReadOnlyList<SegmentRun> segmentRuns, CancellationToken cancellationToken)
    {
        var counts = new SegmentCounts { Running = segmentRuns.Count(run => run.EndedAt is null) };
        if (job.Status != JobStatus.Completed
            && await segments.FindAsync(job.JobId, cancellationToken) is { } finished)
        {
            counts.Planned = finished.Count - finished.GapCount;
            counts.Finished = finished.StoredCount - finished.GapCount;
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
        DecoderOutput = run.DecoderOutput,
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
        { IsFailed: true } => SegmentState.Failed,
        { IsFinished: true } => SegmentState.Finished,
        _ => SegmentState.GivenUp,
    };

    /// <summary>
    /// The runs of this process and the stored ones that it does not know, oldest first; at most
    /// <see cref="SegmentRuns.MaxRunsOfJob"/>, the latest.
    /// </summary>
    public static IReadOnlyList<SegmentRun> Join(IReadOnlyList<SegmentRun> runs, IReadOnlyList<SegmentRun> stored)
    {
        var known = runs.Select(run => (run.Attempt, run.Segment)).ToHashSet();
        return
        [
            .. stored.Where(run => !known.Contains((run.Attempt, run.Segment)))
                .Concat(runs)
                .OrderBy(run => run.StartedAt)
                .TakeLast(SegmentRuns.MaxRunsOfJob),
        ];
    }

    /// <summary>FFmpeg's last output in the latest segment or attempt that has any; empty if none has.</summary>
    public static string DecoderOutputOf(JobRecord job, IReadOnlyList<SegmentRun> stored) =>
        job.Attempts.Select(attempt => (Time: attempt.EndedAt, Output: attempt.Failure?.LastWords ?? ""))
            .Concat(stored.Select(run => (Time: run.EndedAt, Output: run.DecoderOutput)))
            .Where(item => item.Output.Length > 0)
            .OrderBy(item => item.Time)
            .LastOrDefault().Output ?? "";

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
        where run is { EndedAt: not null, IsFailed: true }
        select Event(
            run.EndedAt!.Value, JobTimelineEntryKind.SegmentFailed,
            string.Create(
                CultureInfo.InvariantCulture, $"frames {run.Segment.StartFrame} to {run.Segment.EndFrame - 1}: ")
            + (run.Failure is { } failure
                ? $"{failure.Reason.ToText()}: {failure.Message}"
                : string.Create(CultureInfo.InvariantCulture, $"none of {run.FramesLost} frames could be decoded")),
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

/// <summary>Why a job waits for the storage.</summary>
/// <param name="Failure">What the InferenceService said.</param>
/// <param name="Folder">The folder of the videos; null if the caller must not see it.</param>
/// <param name="RetryDelay">Time between two tries.</param>
internal sealed record StorageWait(JobFailure Failure, string? Folder, TimeSpan RetryDelay);

/// <summary>Explains in words why a job has its status and what changes it. Pure.</summary>
internal static class JobExplanation
{
    /// <summary>Returns one or more sentences.</summary>
    /// <param name="job">The job as a message.</param>
    /// <param name="counts">The numbers of its segments.</param>
    /// <param name="state">The state of the dispatcher.</param>
    /// <param name="now">The current time.</param>
    /// <param name="storage">Why the job waits for the storage; null if it does not.</param>
    /// <param name="isOfTenant">Whether the state counts the jobs of the caller's tenant only.</param>
    public static string Of(
        Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now, StorageWait? storage = null,
        bool isOfTenant = false) =>
        string.Join(
            ' ',
            job.Warnings.Select(warning => warning.Message)
                .Prepend(OfReuse(job))
                .Prepend(OfStatus(job, counts, state, now, storage, isOfTenant))
                .Where(text => text.Length > 0));

    private static string OfReuse(Job job) => job switch
    {
        { ReusedJobId.Length: 0 } => "",
        { Status: JobStatus.Completed } =>
            $"Its results are those of job {job.ReusedJobId}, which has the same video, pipeline, options and models.",
        { Status: JobStatus.Pending or JobStatus.Running } =>
            $"It takes over the results of job {job.ReusedJobId} in place of running the pipeline; if they are gone by "
            + "then, it runs itself.",
        _ => "",
    };

    private static string OfStatus(
        Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now, StorageWait? storage,
        bool isOfTenant) =>
        job.Status switch
        {
            JobStatus.Pending when storage is not null => OfStorage(storage),
            JobStatus.Pending => OfWait(job, state, now, isOfTenant),
            JobStatus.Running => OfRun(job, counts, state, now),
            JobStatus.Completed =>
                $"The job is completed: {PluralText.Of(job.Progress.FramesDone, "frame")} in {Attempts(job)}.",
            JobStatus.Failed => OfFailure(job),
            _ => "A caller cancelled the job. RetryJob continues it after its finished segments.",
        };

    private static string OfWait(Job job, DispatchState state, DateTimeOffset now, bool isOfTenant) =>
        job.QueueState?.Reason switch
        {
            WaitReason.Draining =>
                "The server is draining and starts no jobs. This job runs after the drain's end (UndrainServer) or the "
                + "server's next start; nothing is lost.",
            WaitReason.BackOff => OfBackOff(job, now),
            WaitReason.NoInferenceService =>
                Text($"None of {state.KnownInstances} known InferenceServices is serving (option ")
                + Text($"Inference:Addresses). The job is number {job.QueueState.Position} in the queue and starts ")
                + "when one is; waiting uses up no attempt.",
            _ => OfQueue(job, state, isOfTenant),
        };

    private static string OfStorage(StorageWait wait) =>
        (wait.Folder is { } folder
            ? $"No InferenceService can read the job's stored video in {folder}: {wait.Failure.Reason.ToText()}. The "
                + "option Video:AllowedRoots of the InferenceService must contain this folder, and its user must be "
                + "able to read it. "
            : $"No InferenceService can read the job's stored video in the bucket: {wait.Failure.Reason.ToText()}: "
                + $"{wait.Failure.Message} The option Video:AllowedHosts of the InferenceService must contain the host "
                + "and port of S3:Endpoint, and Video:AllowHttp must be true for an endpoint without TLS. ")
        + $"The server tries again every {DurationText.Approximate(wait.RetryDelay)}; waiting uses up no "
        + "attempt.";

    private static string OfQueue(Job job, DispatchState state, bool isOfTenant)
    {
        var jobs = isOfTenant ? "jobs of your tenant" : "jobs";
        var running = Text($"{state.RunningJobs} of at most {state.MaxRunningJobs} {jobs} are running");
        var ahead = (job.QueueState?.Position ?? 1) - 1;
        var order = ahead > 0
            ? Text($"{PluralText.Of(ahead, "job")} of its tenant {(ahead == 1 ? "is" : "are")} ahead of this one, ")
                + "by priority and time"
            : "This job is the next one of its tenant";
        var options = isOfTenant ? "Tenants:MaxRunningJobs" : "Dispatch:ReservedJobs";
        return $"{running} (options Dispatch:MaxConcurrentJobs, {options}). {order}.";
    }

    private static string OfBackOff(Job job, DateTimeOffset now)
    {
        var failed = job.Attempts.LastOrDefault();
        var next = job.QueueState.NextAttemptAt?.ToDateTimeOffset();
        var left = next is { } due && due > now ? Text($"in {DurationText.Approximate(due - now)}") : "now";
        var reason = ErrorStatus.InfoOf(failed?.Error)?.Reason;
        return Text($"Attempt {failed?.Number} failed with {reason}, which is retryable: ")
            + $"{failed?.ErrorMessage} The next attempt starts {left}.";
    }

    private static string OfRun(Job job, SegmentCounts counts, DispatchState state, DateTimeOffset now)
    {
        var since = now - job.Attempts[^1].StartedAt.ToDateTimeOffset();
        var text = Text($"Attempt {job.Attempts[^1].Number} has been running for {DurationText.Approximate(since)}. ");
        if (counts.Planned == 0)
        {
            return text + (job.ReusedJobId.Length > 0 ? "It is copying results." : "It is probing the video.");
        }

        text += Text($"{counts.Finished} of {PluralText.Of(counts.Planned, "segment")} are finished, ")
            + Text($"{counts.Running} are running; ")
            + Text($"{job.Progress.FramesDone} of {PluralText.Of(job.Progress.FramesTotal, "frame")} are done.");
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
