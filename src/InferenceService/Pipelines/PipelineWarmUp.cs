using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// Runs every model once and every pipeline over one gray frame, so that the first call is not slower than the rest and
/// a model that cannot run stops the start instead of failing a job.
/// </summary>
internal sealed class PipelineWarmUp(
    PipelineCatalogue pipelines, ModelSessions models, TimeProvider time, ILogger<PipelineWarmUp> logger)
{
    private const byte Gray = 128;

    /// <summary>Frame size in pixels for pipelines that accept any.</summary>
    private static readonly (int Width, int Height) AnySize = (640, 384);

    /// <summary>Warms up; the service must await it before it reports SERVING.</summary>
    /// <exception cref="ModelLoadException">A model or a pipeline cannot run.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
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
                "Warm-up of {Models} models and {Pipelines} pipelines finished in {Milliseconds} ms",
                pipelines.Models.Count, pipelines.All.Count, (int)time.GetElapsedTime(start).TotalMilliseconds);
        },
        cancellationToken);

    /// <summary>Runs a pipeline over one gray frame.</summary>
    public static async Task RunOnceAsync(CompiledPipeline pipeline, CancellationToken cancellationToken)
    {
        var size = pipeline.DecodeSize.For(AnySize.Width, AnySize.Height);
        using var frame = new Frame(0, 0, size, size.Width, size.Height);
        frame.Pixels.Span.Fill(Gray);
        await RunOnceAsync(pipeline, frame, cancellationToken);
    }

    /// <summary>Runs a pipeline over one frame; returns the output of each node.</summary>
    public static async Task<IReadOnlyList<StageOutput>> RunOnceAsync(
        CompiledPipeline pipeline, Frame frame, CancellationToken cancellationToken)
    {
        var task = new FrameTask(frame, pipeline.Nodes.Count);
        foreach (var (node, position) in pipeline.Nodes.Select((node, position) => (node, position)))
        {
            task.Outputs[position] = await node.Stage.ProcessAsync(task.InputOf(node), cancellationToken);
        }

        return [.. task.Outputs.OfType<StageOutput>()];
    }
}
