using ForegSyte.V1;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>What to draw over one frame.</summary>
/// <param name="Result">What was found.</param>
/// <param name="IsHeld">True where the frame was not analyzed and shows what was found in an earlier one.</param>
internal sealed record HeldResult(PipelineResult Result, bool IsHeld);
