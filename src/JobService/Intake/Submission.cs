using ForegSyte.Jobs.Intake.Sources;

namespace ForegSyte.Jobs.Intake;

/// <summary>A SubmitVideo request whose fields were checked.</summary>
/// <param name="Video">Where the video is to be had.</param>
/// <param name="PipelineId">A pipeline of this server.</param>
/// <param name="FrameStride">1 or more.</param>
/// <param name="MaxFrames">0 for no limit.</param>
/// <param name="DisplayName">Name for people, may be empty.</param>
/// <param name="Priority">0 to 9.</param>
/// <param name="RequestId">Null where none was given.</param>
internal sealed record Submission(
    VideoReference Video,
    string PipelineId,
    int FrameStride,
    int MaxFrames,
    string DisplayName,
    int Priority,
    Guid? RequestId);
