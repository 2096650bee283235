namespace ForegSyte.Jobs;

/// <summary>A half-open range of frames, the unit of RunPipeline.</summary>
/// <param name="Number">Place in the plan, from 0.</param>
/// <param name="StartFrame">Index of the first frame.</param>
/// <param name="EndFrame">Index after the last frame.</param>
internal sealed record Segment(int Number, int StartFrame, int EndFrame);
