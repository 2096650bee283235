using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>A page of the results of a job.</summary>
/// <param name="Frames">In ascending frame_index.</param>
/// <param name="NextFrame">Where the next page begins; null where there is none.</param>
/// <param name="Complete">Whether the job is completed.</param>
/// <param name="EndFrame">Index after the last frame up to which the results are finished.</param>
internal sealed record JobResultsPage(IReadOnlyList<FrameResult> Frames, int? NextFrame, bool Complete, int EndFrame);
