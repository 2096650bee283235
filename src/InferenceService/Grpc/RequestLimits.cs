using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>The limits of requests and pipelines that no option changes, for GetServerInfo.</summary>
internal static class RequestLimits
{
    [Limit(
        "frames", "Largest stride; a larger one is refused.",
        Name = "RunPipelineRequest.frame_stride", Reason = ErrorReason.InvalidField)]
    public const int FrameStride = DecodePlan.MaxStride;

    [Limit(
        "characters", "Length of the name of a job; a longer one is refused.",
        Name = "RunPipelineRequest.job_id", Reason = ErrorReason.InvalidField)]
    public const int JobIdLength = SegmentRequest.MaxJobIdLength;

    [Limit("nodes", "Nodes of a pipeline; one with more refuses the start.", Name = "pipeline nodes")]
    public const int Nodes = PipelineValidator.MaxNodes;

    [Limit("pipelines", "Pipelines in their folder; more refuse the start.", Name = "pipelines")]
    public const int Pipelines = PipelineFiles.MaxFiles;
}
