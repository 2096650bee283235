using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Completes the tracking of a pipeline, so that the JobService needs to know nothing about models.</summary>
internal static class PipelineTracking
{
    /// <summary>
    /// The tracking of a pipeline with the confidence of its detections; the candidate confidence is at most that.
    /// </summary>
    /// <param name="tracking">The pipeline's tracking; null if it has none.</param>
    /// <param name="confidence">Minimum confidence of detections; null if the pipeline detects no objects.</param>
    public static Tracking? Resolve(Tracking? tracking, float? confidence)
    {
        if (tracking?.Objects is null || confidence is not { } published)
        {
            return tracking?.Clone();
        }

        var resolved = tracking.Clone();
        var parameters = resolved.Objects.Parameters;
        parameters.TryAdd(TrackingParameters.Confidence, published);
        var candidate = new TrackingValues(TrackingParameters.Objects, parameters.AsReadOnly())[
            TrackingParameters.CandidateConfidence];
        parameters[TrackingParameters.CandidateConfidence] =
            Math.Min(candidate, parameters[TrackingParameters.Confidence]);
        return resolved;
    }

    /// <summary>
    /// The same with at least this confidence: what is below it is in no result. The evidence that a track needs
    /// shrinks with what is left above the confidence, so that the same object can still reach it.
    /// </summary>
    public static Tracking? WithConfidence(Tracking? tracking, float minConfidence)
    {
        if (tracking?.Objects is null || !(tracking.Objects.Parameters.TryGetValue(
            TrackingParameters.Confidence, out var confidence) && confidence < minConfidence))
        {
            return tracking;
        }

        var raised = tracking.Clone();
        var parameters = raised.Objects.Parameters;
        var evidence = new TrackingValues(TrackingParameters.Objects, parameters.AsReadOnly())[
            TrackingParameters.MinEvidence];

        // The old confidence is below the new one, which is at most 1.
        parameters[TrackingParameters.MinEvidence] = evidence * (1.0 - minConfidence) / (1 - confidence);
        parameters[TrackingParameters.Confidence] = minConfidence;
        return raised;
    }
}
