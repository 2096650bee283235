using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage.Results;

/// <summary>Some frames of a results document.</summary>
/// <param name="Frames">In ascending frame_index.</param>
/// <param name="NextFrame">Index of the frame after them; null where they are the last.</param>
internal sealed record ResultsPage(IReadOnlyList<FrameResult> Frames, int? NextFrame);
