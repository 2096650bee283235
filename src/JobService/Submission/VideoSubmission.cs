using ForegSyte.Jobs.Submission.Sources;

namespace ForegSyte.Jobs.Submission;

/// <summary>A SubmitVideo request whose fields were checked.</summary>
/// <param name="Video">Where the video is to be had.</param>
/// <param name="PipelineId">A pipeline of this server.</param>
/// <param name="FrameStride">1 or more.</param>
/// <param name="MaxFrames">0 for no limit.</param>
/// <param name="DisplayName">Name for people, may be empty.</param>
/// <param name="Priority">0 to 9.</param>
/// <param name="RequestId">Null where none was given.</param>
/// <param name="Tenant">Whom the job is to belong to; empty where tenants are not told apart.</param>
internal sealed record VideoSubmission(
    VideoReference Video,
    string PipelineId,
    int FrameStride,
    int MaxFrames,
    string DisplayName,
    int Priority,
    Guid? RequestId,
    string Tenant = "");
