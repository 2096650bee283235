using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Paging;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Grpc;

/// <summary>The limits as GetServerInfo returns them. A limit that this machine cannot enforce is "off".</summary>
internal sealed class ServerLimits(ServiceLimits limits, DecoderTools tools)
{
    private const string Off = "off";

    /// <summary>The limits, ordered by option. Must not be modified.</summary>
    public IReadOnlyList<Limit> All => field ??= [.. limits.Messages.Select(limit => IsInForce(limit.Option)
        ? limit
        : new Limit(limit) { Value = Off, Unit = "" })];

    /// <summary>A missing program or a hardware decoder leaves a limit of the sandbox without effect.</summary>
    private bool IsInForce(string option) => option switch
    {
        $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessCpuSeconds)}" => tools.Sandbox.IsTimeLimited,
        $"{VideoOptions.Section}:{nameof(VideoOptions.ProcessMemoryMebibytes)}" => tools.Sandbox.IsMemoryLimited,
        _ => true,
    };
}

/// <summary>The fixed limits of requests and pipelines, for GetServerInfo.</summary>
internal static class RequestLimits
{
    [Limit(
        "frames", "Maximum stride; a larger one is refused.",
        Name = "RunPipelineRequest.frame_stride", Reason = ErrorReason.InvalidField)]
    public const int FrameStride = DecodePlan.MaxStride;

    [Limit(
        "characters", "Length of a job id; a longer one is refused.",
        Name = "RunPipelineRequest.job_id", Reason = ErrorReason.InvalidField)]
    public const int JobIdLength = SegmentRequest.MaxJobIdLength;

    [Limit(
        "labels", "Labels of a filter; more are refused.",
        Name = "RunPipelineRequest.filter.labels", Reason = ErrorReason.InvalidField)]
    public const int FilterLabels = FilterRules.MaxLabels;

    [Limit(
        "polygons", "Regions of a filter; more are refused.",
        Name = "RunPipelineRequest.filter.regions", Reason = ErrorReason.InvalidField)]
    public const int FilterRegions = FilterRules.MaxRegions;

    [Limit(
        "ranges", "Time ranges of a probe; more are refused.",
        Name = "ProbeVideoRequest.time_ranges", Reason = ErrorReason.InvalidField)]
    public const int TimeRangesOfProbe = TimeRanges.MaxRanges;

    [Limit(
        "pipelines", "Pipelines of a page; a larger page_size means this.", Name = "ListPipelinesRequest.page_size")]
    public const int PageSize = ListPage.MaxSize;

    [Limit(
        "characters", "Length of a page token; a longer one is invalid.",
        Name = "page_token", Reason = ErrorReason.InvalidPageToken)]
    public const int PageTokenLength = PageToken.MaxLength;

    [Limit("nodes", "Nodes of a pipeline; one with more refuses the start.", Name = "pipeline nodes")]
    public const int Nodes = PipelineValidator.MaxNodes;

    [Limit("pipelines", "Pipelines in their folder; more refuse the start.", Name = "pipelines")]
    public const int Pipelines = PipelineFiles.MaxFiles;
}
