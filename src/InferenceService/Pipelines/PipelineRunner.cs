using System.Runtime.CompilerServices;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Runs pipelines over frames. Safe for several calls at once, which share the models.</summary>
internal sealed class PipelineRunner(FrameSlots slots, IOptions<PipelineOptions> options)
{
    /// <summary>
    /// The results of the frames, in their order, one for each. Several frames are decoded and computed side by side.
    /// Every frame is disposed by the runner, also when the caller stops early.
    /// </summary>
    /// <param name="pipeline">Pipeline to run.</param>
    /// <param name="frames">Frames, pulled on another thread; has to end soon after its token is cancelled.</param>
    /// <param name="meter">Is told where the time goes.</param>
    /// <param name="cancellationToken">Stops the frames, the stages and the models' runs.</param>
    /// <exception cref="Hosting.Errors.ServiceException">
    /// STAGE_FAILED with the metadata pipelineId, node and frameIndex, of the first frame that failed. What the frames
    /// throw comes through as it is.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<FrameResult> RunAsync(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, SegmentMeter meter,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var run = new PipelineRun(
            pipeline, frames, options.Value.FramesAhead, slots, meter, cancellationToken);
        while (await run.NextAsync() is { } result)
        {
            yield return result;
        }
    }
}
