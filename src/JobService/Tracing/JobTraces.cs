using System.Diagnostics;
using ForegSyte.Hosting;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Jobs.Tracing;

/// <summary>
/// The spans of jobs. A job keeps the context of the call that submitted it, so that all its attempts, those after a
/// restart too, belong to that call's trace.
/// </summary>
internal static class JobTraces
{
    /// <summary>Name of an attempt's span, from its claim to its end.</summary>
    public const string Attempt = "job.attempt";

    /// <summary>Name of the span of a job's wait for an attempt.</summary>
    public const string Queue = "job.queue";

    /// <summary>Name of the span in which a submission makes its video durable.</summary>
    public const string StoreVideo = "job.store_video";

    /// <summary>Name of the span in which a submission makes its job durable, with the wait for others.</summary>
    public const string Commit = "job.commit";

    /// <summary>Name of the span of a segment, from its first call to its place in the storage.</summary>
    public const string Segment = "job.segment";

    /// <summary>Name of the span in which the results document is made.</summary>
    public const string Results = "job.results";

    private const string Outcome = "foregsyte.job.outcome";

    /// <summary>Where the spans come from.</summary>
    public static readonly ActivitySource Source = new("ForegSyte.Jobs", ServiceVersion.Text);

    /// <summary>
    /// The context of the current call in W3C's form, to be kept with the job that it makes, also where its trace is
    /// not exported: then neither are the attempts. Null where nobody listens.
    /// </summary>
    public static string? CurrentContext() => Source.HasListeners() ? Activity.Current?.Id : null;

    /// <summary>Says which job the current span is about.</summary>
    public static void Mark(Guid jobId)
    {
        if (Source.HasListeners() && Activity.Current is { Recorded: true } span)
        {
            span.SetTag(TraceAttributes.JobId, jobId.ToString());
        }
    }

    /// <summary>Begins a step of what the current span is about; null where it is not traced.</summary>
    public static Activity? StartStep(string name) => Source.HasListeners() && Activity.Current is { Recorded: true }
        ? Source.StartActivity(name)
        : null;

    /// <summary>Begins the span of a segment of the current attempt; null where it is not traced.</summary>
    public static Activity? StartSegment(int startFrame, int endFrame) => StartStep(Segment)
        ?.SetTag(TraceAttributes.StartFrame, startFrame)
        .SetTag(TraceAttributes.EndFrame, endFrame);

    /// <summary>
    /// Begins the span of an attempt, after one for the wait before it. Null where the job's trace is not exported; a
    /// job from a time without traces has one for each attempt.
    /// </summary>
    /// <param name="waiting">The job before its claim.</param>
    /// <param name="claimed">The job after it.</param>
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
    /// <param name="job">The job after it.</param>
    /// <param name="number">Its number, from 1.</param>
    public static void EndAttempt(Activity span, JobRecord job, int number)
    {
        span.SetTag(Outcome, JobOutcomes.OfAttempt(job, number));
        if (job.Attempts[number - 1].Failure is { } failure)
        {
            span.SetTag(TraceAttributes.ErrorType, failure.Reason.ToText()).SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }

    /// <summary>Shows an attempt that a crash cut off: its own span went with the process.</summary>
    /// <param name="job">The job after its last attempt was given up.</param>
    public static void ShowLostAttempt(JobRecord job)
    {
        var attempt = job.Attempts[^1];
        if (Source.HasListeners() && Start(Attempt, job, attempt.StartedAt) is { } span)
        {
            span.SetEndTime(attempt.EndedAt!.Value.UtcDateTime);
            EndAttempt(span, job, attempt.Number);
        }
    }

    /// <summary>The job's trace, 32 hexadecimal digits; empty where none was kept.</summary>
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
