using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>What the probe of a video and its plan say.</summary>
/// <param name="Video">What the container says.</param>
/// <param name="FramesTotal">Frames to analyze, with stride and max_frames taken into account.</param>
/// <param name="SegmentFrames">Frames of a segment in the plan.</param>
internal sealed record PlannedWork(VideoInfo Video, int FramesTotal, int SegmentFrames);
