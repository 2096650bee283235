namespace ForegSyte.Jobs;

/// <summary>What a SubmitVideo call asked for, small enough to keep with the job (AIP-155).</summary>
/// <param name="Source">"sha256:…" of inline content or of an upload, or the uri.</param>
/// <param name="PipelineId">The pipeline.</param>
/// <param name="FrameStride">Stride as it was normalised, 1 or more.</param>
/// <param name="MaxFrames">Limit of frames, 0 for none.</param>
/// <param name="DisplayName">Name for people.</param>
/// <param name="Priority">Priority, the default one where none was given.</param>
/// <param name="UploadId">
/// The upload, where the video came as one; null otherwise. It is gone once it was submitted, so that a repetition does
/// not know its bytes any more.
/// </param>
internal sealed record RequestFingerprint(
    string Source, string PipelineId, int FrameStride, int MaxFrames, string DisplayName,
    int Priority = JobPriority.Default, Guid? UploadId = null)
{
    /// <summary>The request fields, in the proto's names, in which two calls differ; empty for a repetition.</summary>
    public IReadOnlyList<string> DifferencesFrom(RequestFingerprint other)
    {
        var fields = new List<string>();
        AddIf(Source != other.Source && (UploadId is null || UploadId != other.UploadId), "source");
        AddIf(PipelineId != other.PipelineId, "pipeline_id");
        AddIf(FrameStride != other.FrameStride, "options.frame_stride");
        AddIf(MaxFrames != other.MaxFrames, "options.max_frames");
        AddIf(DisplayName != other.DisplayName, "display_name");
        AddIf(Priority != other.Priority, "priority");
        return fields;

        void AddIf(bool differs, string field)
        {
            if (differs)
            {
                fields.Add(field);
            }
        }
    }
}
