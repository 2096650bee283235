using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Tests.Pipelines;

/// <summary>A stage with the behavior that a test gives it.</summary>
internal sealed class FakeStage(
    Func<StageInput, CancellationToken, ValueTask<StageOutput>> process, DecodeSize? size = null) : IStage
{
    public int ChangeThreshold { get; init; }

    public float? DetectionConfidence { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public StageOutput Reuse(StageOutput earlier, StageInput input) => earlier;

    public DecodeSize DecodeSize { get; } = size ?? DecodeSize.Native;

    public ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken) =>
        process(input, cancellationToken);
}
