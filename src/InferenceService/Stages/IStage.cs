using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Stages;

/// <summary>The work of a pipeline's node. One instance serves all calls and is safe for several at once.</summary>
internal interface IStage
{
    /// <summary>The size of the frames that the stage wants; a fixed size only where the stage needs no more.</summary>
    DecodeSize DecodeSize { get; }

    /// <summary>
    /// Looks at one frame. The result does not depend on the frames that are worked on at the same time.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken);
}
