using System.Diagnostics;
using ForegSyte.Hosting;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Jobs.Tracing;

/// <summary>
/// The spans of jobs. A job stores the trace context of its submission, so that all its attempts, even after a restart,
/// belong to the submission's trace.
/// </summary>
internal static class JobTraces
{
    /// <summary>Span of an attempt, from its claim to its end.</summary>
    public const string Attempt = "job.attempt";

    /// <summary>Span of a job's wait for an attempt.</summary>
    public const string Queue = "job.queue";

    /// <summary>Span in which a submission makes its video durable.</summary>
    public const string StoreVideo = "job.store_video";

    /// <summary>Span in which a submission commits its job, including the wait for the batch.</summary>
    public const string Commit = "job.commit";

    /// <summary>Span of a segment, from its first call until it is stored.</summary>
    public const string Segment = "job.segment";

    /// <summary>Span in which an attempt writes the results document.</summary>
    public const string Results = "job.results";

    private const string Outcome = "foregsyte.job.outcome";

    public static readonly ActivitySource Source = new("ForegSyte.Jobs", ServiceVersion.Text);

    /// <summary>
    /// The W3C trace context of the current call, for the job that it makes; null without a listener. If the call's
    /// trace is not exported, the attempts' spans are not exported either.
    /// </summary>
    public static string? CurrentContext() => Source.HasListeners() ? Activity.Current?.Id : null;

    /// <summary>Tags the current span with a job.</summary>
    public static void Mark(Guid jobId)
    {
        if (Source.HasListeners() && Activity.Current is { Recorded: true } span)
        {
            span.SetTag(TraceAttributes.JobId, jobId.ToString());
        }
    }

    /// <summary>Begins a child span of the current span; null if that is not recorded.</summary>
    public static Activity? StartStep(string name) => Source.HasListeners() && Activity.Current is { Recorded: true }
        ? Source.StartActivity(name)
        : null;

    /// <summary>Begins the span of a segment in the current attempt; null if that is not recorded.</summary>
    public static Activity? StartSegment(int startFrame, int endFrame) => StartStep(Segment)
        ?.SetTag(TraceAttributes.StartFrame, startFrame)
        .SetTag(TraceAttributes.EndFrame, endFrame);

    /// <summary>
    /// Records the span of the wait and begins the span of the attempt; null if the job's trace is not exported. A job
    /// without a trace context gets a new trace for each attempt.
    /// </summary>
    /// <param name="waiting">The job before its claim.</param>
    /// <param name="claimed">The job after its claim.</param>
    public static Activity? StartAttempt(JobRecord waiting, JobRecord claimed)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var started = claimed.Attempts[^1].StartedAt;
        if (claimed.TraceParent is not null)
        {
            var since = JobOutcomes.WaitingSince(waiting);
            using var wait = Start(Queue, claimed, since < started ? since : started);
            wait?.SetEndTime(started.UtcDateTime);
        }

        return Start(Attempt, claimed, started);
    }

    /// <summary>Ends the span of an attempt.</summary>
    /// <param name="span">The span.</param>
    /// <param name="job">The job after the attempt.</param>
    /// <param name="number">The attempt's number, from 1.</param>
    public static void EndAttempt(Activity span, JobRecord job, int number)
    {
        span.SetTag(Outcome, JobOutcomes.OfAttempt(job, number));
        if (job.Attempts[number - 1].Failure is { } failure)
        {
            span.SetTag(TraceAttributes.ErrorType, failure.Reason.ToText()).SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }

    /// <summary>Records the span of an attempt that a crash cut off, whose own span was lost.</summary>
    /// <param name="job">The job after its rescue.</param>
    public static void ShowLostAttempt(JobRecord job)
    {
        var attempt = job.Attempts[^1];
        if (Source.HasListeners() && Start(Attempt, job, attempt.StartedAt) is { } span)
        {
            span.SetEndTime(attempt.EndedAt!.Value.UtcDateTime);
            EndAttempt(span, job, attempt.Number);
        }
    }

    /// <summary>The job's trace id in 32 hexadecimal digits; empty if the job has none.</summary>
    public static string TraceIdOf(JobRecord job) =>
        ActivityContext.TryParse(job.TraceParent, traceState: null, out var submission)
            ? submission.TraceId.ToHexString()
            : "";

    private static Activity? Start(string name, JobRecord job, DateTimeOffset startTime)
    {
        _ = ActivityContext.TryParse(job.TraceParent, traceState: null, isRemote: true, out var submission);
        return Source.StartActivity(name, ActivityKind.Consumer, submission, tags: null, links: null, startTime)
            ?.SetTag(TraceAttributes.JobId, job.JobId.ToString())
            .SetTag(TraceAttributes.Attempt, job.Attempts.Count)
            .SetTag("foregsyte.pipeline.id", job.PipelineId);
    }
}
