using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>A RunPipelineRequest that was checked as far as it can be without the video.</summary>
/// <param name="Pipeline">The pipeline to run.</param>
/// <param name="Path">Canonical path of the video.</param>
/// <param name="Range">Frames; null for all.</param>
/// <param name="Stride">Frame stride; 0 means 1.</param>
/// <param name="JobEndFrame">Frame after the last one that later segments of the job want; 0 for none.</param>
internal sealed record SegmentRequest(
    CompiledPipeline Pipeline, string Path, FrameRange? Range, int Stride, int JobEndFrame)
{
    /// <summary>Longest job id, as it goes to the log.</summary>
    public const int MaxJobIdLength = 100;

    /// <summary>Checks a request.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, INVALID_FIELD, UNKNOWN_PIPELINE and those of <see cref="VideoSources.Resolve"/>. A range is
    /// checked once the number of frames is known.
    /// </exception>
    public static SegmentRequest From(RunPipelineRequest request, PipelineCatalogue pipelines, VideoSources sources)
    {
        if (request.PipelineId.Length == 0)
        {
            throw ServiceException.MissingField("pipeline_id", "Name a pipeline of ListPipelines.");
        }

        if (request.FrameStride is < 0 or > DecodePlan.MaxStride)
        {
            throw ServiceException.InvalidField(
                "frame_stride", $"frame_stride has to be 0 to {DecodePlan.MaxStride}; 0 means 1.", request.FrameStride);
        }

        if (request.Attempt < 0)
        {
            throw ServiceException.InvalidField("attempt", "attempt has to be 0 or more.", request.Attempt);
        }

        if (request.JobEndFrame < 0)
        {
            throw ServiceException.InvalidField(
                "job_end_frame", "job_end_frame has to be 0 or more.", request.JobEndFrame);
        }

        if (request.JobId.Length > MaxJobIdLength || request.JobId.Any(char.IsControl))
        {
            throw ServiceException.InvalidField(
                "job_id", $"job_id has at most {MaxJobIdLength} characters and no control characters.");
        }

        var pipeline = pipelines.Find(request.PipelineId) ?? throw UnknownPipeline(request.PipelineId, pipelines);
        return new SegmentRequest(
            pipeline, sources.Resolve(request.Video), request.Range, request.FrameStride, request.JobEndFrame);
    }

    private static ServiceException UnknownPipeline(string id, PipelineCatalogue pipelines)
    {
        var known = string.Join(", ", pipelines.All.Select(pipeline => pipeline.Id));
        var failure = ServiceException.ForField(
            ErrorReason.UnknownPipeline, "pipeline_id", $"This server has no such pipeline; it has {known}.", id);
        return new ServiceException(failure.Reason, failure.Message)
        {
            FieldViolations = failure.FieldViolations,
            Metadata = new Dictionary<string, string>(failure.Metadata) { ["pipelineIds"] = known },
        };
    }
}
