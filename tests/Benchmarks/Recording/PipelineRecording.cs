using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Recording;

/// <summary>What a pipeline did with the frames of a workload.</summary>
/// <param name="Runs">Every run of a model.</param>
/// <param name="Timings">Where the service says that the time went. ONNX Runtime's recording is part of it.</param>
/// <param name="AllocatedBytes">Bytes that a frame took from the garbage-collected heap.</param>
internal sealed record PipelineRecording(IReadOnlyList<ModelRun> Runs, SegmentTimings Timings, long AllocatedBytes)
{
    /// <summary>What the models were run on.</summary>
    public IReadOnlyList<ModelInput> Inputs { get; } = [.. Runs.Select(run => run.Input)];

    /// <summary>
    /// The parts of the time, for example "stages without models 7 %", each in percent of the whole. They overlap, so
    /// that they may add up to more. Meters of the service that split the stages further belong here.
    /// </summary>
    public IEnumerable<string> Shares()
    {
        var total = Timings.Total.ToTimeSpan().TotalSeconds;
        var waiting = Timings.Decode.ToTimeSpan().TotalSeconds;
        var stages = Timings.Inference.ToTimeSpan().TotalSeconds;
        var models = Runs.Sum(run => run.Seconds);
        yield return Share("waiting for the decoder", waiting);
        foreach (var model in Runs.GroupBy(run => run.Input.ModelId).OrderBy(group => group.Key))
        {
            yield return Share(model.Key, model.Sum(run => run.Seconds));
        }

        yield return Share("prepare tensors and decode outputs", stages - models);
        yield return Share("other, and overlap taken off", total - waiting - stages);

        string Share(string what, double seconds) =>
            FormattableString.Invariant($"{what} {100 * seconds / total:F1} %");
    }
}
