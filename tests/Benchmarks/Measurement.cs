using ForegSyte.V1;

namespace ForegSyte.Benchmarks;

/// <summary>What was measured of one pipeline; every list has one value a run.</summary>
internal sealed class Measurement(string pipelineId, IReadOnlyList<ModelInput> inputs)
{
    public string PipelineId { get; } = pipelineId;

    /// <summary>Runs of models over the clip.</summary>
    public IReadOnlyList<ModelInput> Inputs { get; } = inputs;

    public List<TimeSpan> EndToEnd { get; } = [];

    public List<TimeSpan> Bare { get; } = [];

    public List<TimeSpan> Decode { get; } = [];

    public List<Job> Jobs { get; } = [];

    /// <summary>The middle value in seconds; the larger one of the two in the middle of an even number.</summary>
    public static double Median(IEnumerable<TimeSpan> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2].TotalSeconds;
    }
}
