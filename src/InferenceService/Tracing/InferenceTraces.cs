using System.Diagnostics;
using ForegSyte.Hosting;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Inference.Tracing;

/// <summary>
/// Makes the spans inside a call, if the call is traced.
/// </summary>
internal static class InferenceTraces
{
    /// <summary>Name of the span of a call's time in the queue.</summary>
    public const string Queue = "segment.queue";

    /// <summary>Name of the span from the start of decoding to the last frame.</summary>
    public const string Decode = "segment.decode";

    /// <summary>
    /// Prefix of the name of a stage's span, before the node. The span lasts from the start of the stage's first frame
    /// to the end of its last.
    /// </summary>
    public const string StagePrefix = "stage ";

    public static readonly ActivitySource Source = new("ForegSyte.Inference", ServiceVersion.Text);

    /// <summary>Whether the current call is traced.</summary>
    public static bool IsTraced => Source.HasListeners() && Activity.Current is { Recorded: true };

    /// <summary>Starts a span in the current call; null if the call is not traced.</summary>
    public static Activity? StartStep(string name) => IsTraced ? Source.StartActivity(name) : null;

    /// <summary>Adds job and attempt to the current call's span.</summary>
    public static void Mark(string jobId, int attempt)
    {
        if (IsTraced && jobId.Length > 0)
        {
            Activity.Current!.SetTag(TraceAttributes.JobId, jobId).SetTag(TraceAttributes.Attempt, attempt);
        }
    }

    /// <summary>Adds the frame range to the current call's span.</summary>
    public static void MarkFrames(int startFrame, int endFrame)
    {
        if (IsTraced)
        {
            Activity.Current!
                .SetTag(TraceAttributes.StartFrame, startFrame)
                .SetTag(TraceAttributes.EndFrame, endFrame);
        }
    }

    /// <summary>Records a finished span in the current call.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="start">Its start.</param>
    /// <param name="end">Its end.</param>
    /// <param name="frames">Number of its frames.</param>
    /// <param name="seconds">Name and value of an attribute with the seconds of work.</param>
    public static void ShowStep(
        string name, DateTimeOffset start, DateTimeOffset end, int frames, (string Name, double Value) seconds)
    {
        if (!IsTraced)
        {
            return;
        }

        using var span = Source.StartActivity(name, ActivityKind.Internal, default(ActivityContext), startTime: start);
        span?.SetTag("foregsyte.frames", frames).SetTag(seconds.Name, seconds.Value).SetEndTime(end.UtcDateTime);
    }
}

/// <summary>
/// The span of a child process in the trace of the call that started it. It is never the current span, because a
/// decoder outlives that call and continues with the next segment.
/// </summary>
internal sealed class ProcessSpan
{
    private readonly Activity _span;

    private ProcessSpan(Activity span) => _span = span;

    /// <summary>Starts the span of a process; null if the call is not traced.</summary>
    /// <param name="name">Name of the program: "ffmpeg".</param>
    /// <param name="processId">Its process id.</param>
    public static ProcessSpan? Start(string name, int processId)
    {
        var call = Activity.Current;
        if (InferenceTraces.StartStep(name) is not { } span)
        {
            return null;
        }

        Activity.Current = call;
        span.SetTag("process.executable.name", name).SetTag("process.pid", processId);
        if (call!.GetTagItem(TraceAttributes.JobId) is { } jobId)
        {
            span.SetTag(TraceAttributes.JobId, jobId);
        }

        return new ProcessSpan(span);
    }

    /// <summary>
    /// Ends the span with the exit code. A process that the service killed early, because no segment needs its frames,
    /// is no error.
    /// </summary>
    public void End(int exitCode)
    {
        var current = Activity.Current;
        _span.SetTag("process.exit.code", exitCode);
        _span.Dispose();

        // Stopping an activity makes its parent the current one.
        Activity.Current = current;
    }
}
