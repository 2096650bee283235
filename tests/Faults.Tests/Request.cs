using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>A kind of job, and what it comes to when nothing disturbs it.</summary>
/// <param name="FrameStride">Every n-th frame.</param>
/// <param name="MaxFrames">Frames to analyze.</param>
internal sealed record Request(int FrameStride, int MaxFrames)
{
    /// <summary>Small jobs of three or four segments each, all different.</summary>
    public static readonly IReadOnlyList<Request> All = [new(12, 6), new(9, 7), new(5, 5)];

    /// <summary>Frames of a segment, small so that there are several.</summary>
    public const int SegmentFrames = 2;

    /// <summary>The call that makes such a job.</summary>
    public SubmitVideoRequest Call(string videoUri, Guid requestId) => new()
    {
        Uri = videoUri,
        PipelineId = "detect_only",
        Options = new JobOptions { FrameStride = FrameStride, MaxFrames = MaxFrames },
        RequestId = requestId.ToString(),
    };
}
