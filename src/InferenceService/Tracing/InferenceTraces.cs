using System.Diagnostics;
using ForegSyte.Hosting;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Inference.Tracing;

/// <summary>The spans of the service beside those of its calls. Nothing is made for a call that is not traced.</summary>
internal static class InferenceTraces
{
    /// <summary>Name of the span of a call's wait for its turn.</summary>
    public const string Queue = "segment.queue";

    /// <summary>Where the spans come from.</summary>
    public static readonly ActivitySource Source = new("ForegSyte.Inference", ServiceVersion.Text);

    /// <summary>Begins a step of the current call.</summary>
    public static Activity? StartStep(string name) => IsTraced ? Source.StartActivity(name) : null;

    /// <summary>Says what the current call is about.</summary>
    public static void Mark(string jobId, int attempt)
    {
        if (IsTraced && jobId.Length > 0)
        {
            Activity.Current!.SetTag(RpcAttributes.JobId, jobId).SetTag("foregsyte.job.attempt", attempt);
        }
    }

    /// <summary>Says which frames the current call has worked on.</summary>
    public static void MarkFrames(int startFrame, int endFrame, int analyzed)
    {
        if (IsTraced)
        {
            Activity.Current!
                .SetTag("foregsyte.segment.start_frame", startFrame)
                .SetTag("foregsyte.segment.end_frame", endFrame)
                .SetTag("foregsyte.segment.analyzed", analyzed);
        }
    }

    private static bool IsTraced => Source.HasListeners() && Activity.Current is { IsAllDataRequested: true };
}
