using System.Diagnostics;
using ForegSyte.Hosting;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Inference.Tracing;

/// <summary>
/// The spans of the service beside those of its calls. Nothing is made for a call that is not traced.
/// </summary>
internal static class InferenceTraces
{
    /// <summary>Name of the span of a call's wait for its turn.</summary>
    public const string Queue = "segment.queue";

    /// <summary>Name of the span from the request for a segment's frames to the last one.</summary>
    public const string Decode = "segment.decode";

    /// <summary>
    /// What the name of a stage's span begins with, which its node follows; the span goes from the first frame that
    /// the stage begins to the last one that it ends.
    /// </summary>
    public const string StagePrefix = "stage ";

    /// <summary>Where the spans come from.</summary>
    public static readonly ActivitySource Source = new("ForegSyte.Inference", ServiceVersion.Text);

    /// <summary>Whether the current call is traced.</summary>
    public static bool IsTraced => Source.HasListeners() && Activity.Current is { Recorded: true };

    /// <summary>Begins a step of the current call; null where it is not traced.</summary>
    public static Activity? StartStep(string name) => IsTraced ? Source.StartActivity(name) : null;

    /// <summary>Says what the current call is about.</summary>
    public static void Mark(string jobId, int attempt)
    {
        if (IsTraced && jobId.Length > 0)
        {
            Activity.Current!.SetTag(TraceAttributes.JobId, jobId).SetTag(TraceAttributes.Attempt, attempt);
        }
    }

    /// <summary>Says which frames the current call works on.</summary>
    public static void MarkFrames(int startFrame, int endFrame)
    {
        if (IsTraced)
        {
            Activity.Current!
                .SetTag(TraceAttributes.StartFrame, startFrame)
                .SetTag(TraceAttributes.EndFrame, endFrame);
        }
    }

    /// <summary>Shows a step of the current call that is over.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="start">When it began.</param>
    /// <param name="end">When it ended.</param>
    /// <param name="frames">How many frames it was over.</param>
    /// <param name="seconds">Name and value of an attribute that says how much of the time it was at work.</param>
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
