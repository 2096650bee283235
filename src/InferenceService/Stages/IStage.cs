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

    /// <summary>
    /// How much a frame may differ from an earlier one of the same call for the stage to take over its output, in grey
    /// levels as <see cref="Vision.FrameChange"/> measures them; 0 where every frame is looked at.
    /// </summary>
    int ChangeThreshold => 0;

    /// <summary>
    /// The output for a frame that shows the same as an earlier one; only where there is a
    /// <see cref="ChangeThreshold"/>.
    /// </summary>
    /// <param name="earlier">What the stage gave for the earlier frame; not to be changed.</param>
    /// <param name="input">The frame, with what the stages before have found in it.</param>
    StageOutput TakeOver(StageOutput earlier, StageInput input) => throw new NotSupportedException();
}
