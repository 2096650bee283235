using ForegSyte.Inference.Models;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Runs every model once and every pipeline over one grey frame, so that the first call is not the slow one and a model
/// that cannot run stops the start instead of a job.
/// </summary>
internal sealed class PipelineWarmUp(
    PipelineCatalogue pipelines, ModelSessions models, TimeProvider time, ILogger<PipelineWarmUp> logger)
{
    private const byte Grey = 128;

    /// <summary>Size of the frame for pipelines that take any, in pixels.</summary>
    private static readonly (int Width, int Height) AnySize = (640, 384);

    /// <summary>Warms up; to be awaited before the service reports SERVING.</summary>
    /// <exception cref="ModelLoadException">A model or a pipeline cannot run.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task RunAsync(CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            var start = time.GetTimestamp();
            models.WarmUp(cancellationToken);
            foreach (var pipeline in pipelines.Compiled)
            {
                await RunOnceAsync(pipeline, cancellationToken);
            }

            logger.LogInformation(
                "Warmed up {Models} models and {Pipelines} pipelines in {Milliseconds} ms",
                pipelines.Models.Count, pipelines.All.Count, (int)time.GetElapsedTime(start).TotalMilliseconds);
        },
        cancellationToken);

    private static async Task RunOnceAsync(CompiledPipeline pipeline, CancellationToken cancellationToken)
    {
        var width = pipeline.DecodeSize.Width ?? AnySize.Width;
        var height = pipeline.DecodeSize.Height ?? AnySize.Height;
        using var frame = new Frame(0, 0, width, height, width, height);
        frame.Pixels.Span.Fill(Grey);
        var work = new FrameWork(frame, pipeline.Nodes.Count);
        foreach (var (node, position) in pipeline.Nodes.Select((node, position) => (node, position)))
        {
            work.Outputs[position] = await node.Stage.ProcessAsync(work.InputOf(node), cancellationToken);
        }
    }
}
