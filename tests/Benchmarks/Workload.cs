namespace ForegSyte.Benchmarks;

/// <summary>Frames of a clip that a pipeline is to look at.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="PipelineId">The pipeline.</param>
/// <param name="Stride">frame_stride of the job.</param>
internal sealed record Workload(BenchmarkClip Clip, string PipelineId, int Stride)
{
    /// <summary>Frames that are analyzed.</summary>
    public int Frames => (Clip.Frames + Stride - 1) / Stride;

    /// <summary>For people, for example "detect_only, pedestrians 768x576, 100 frames".</summary>
    public override string ToString()
    {
        var stride = Stride == 1 ? "" : FormattableString.Invariant($" (frame_stride {Stride} of {Clip.Frames})");
        return FormattableString.Invariant($"{PipelineId}, {Clip.Name} {Clip.Size}, {Frames} frames{stride}");
    }
}
