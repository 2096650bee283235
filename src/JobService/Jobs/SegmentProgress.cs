using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>What the finished segments of an attempt add up to.</summary>
/// <param name="FramesDone">Analyzed frames.</param>
/// <param name="DecodeTime">Sum of the segments' decode times.</param>
/// <param name="InferenceTime">Sum of the segments' inference times.</param>
/// <param name="Device">The device of the latest segment.</param>
internal sealed record SegmentProgress(int FramesDone, TimeSpan DecodeTime, TimeSpan InferenceTime, Device? Device);
